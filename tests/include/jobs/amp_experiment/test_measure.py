"""What the job says of experiments whose truth is known, and what it refuses to say."""

import csv
import json

import pytest


def test_a_planted_uplift_is_found_and_shipped(documents):
    found = documents["planted"]
    assert found["verdict"]["outcome"] == "ship"
    engagement = found["metrics"]["engagement"]
    assert 0 < engagement["low"] < 0.6 < engagement["high"]
    assert found["planted"] == {"uplift": 0.6, "loss": 0.0}


def test_a_planted_harm_is_not_shipped(documents):
    found = documents["worse"]
    assert found["metrics"]["engagement"]["high"] < 0
    assert found["verdict"]["outcome"] == "do not ship"
    assert "the treatment is worse" in found["verdict"]["sentence"]


def test_where_nothing_is_planted_nothing_is_found(documents):
    found = documents["nothing planted"]
    assert found["verdict"]["outcome"] == "do not ship"
    assert "that may be chance" in found["verdict"]["sentence"]


def test_planting_nothing_changes_nothing(documents):
    assert documents["nothing planted"]["metrics"] == documents["real"]["metrics"]
    assert documents["real"]["planted"] is None


def test_days_before_cut_the_variance_and_not_the_users(documents):
    adjusted, plain = (documents[name] for name in ("real", "not adjusted"))
    assert adjusted["sample_ratio"] == plain["sample_ratio"]
    detectable = [each["metrics"]["engagement"]["detectable"] for each in (adjusted, plain)]
    assert detectable[0] < 0.9 * detectable[1]


def test_lost_users_stop_the_reading(documents, measured):
    found = documents["lost"]
    assert found["sample_ratio"]["p_value"] < 0.001
    assert found["verdict"]["outcome"] == "invalid"
    assert "users where" in found["verdict"]["sentence"]
    assert (found["metrics"], found["guardrails"], found["days"]) == ({}, {}, [])
    assert measured["lost"].code == 0, "that it may not be read is what was measured"
    assert "<h2>Metrics</h2>" not in (measured["lost"].output / "report.html").read_text()


def test_the_uplift_of_the_last_day_is_that_of_the_experiment(documents):
    found = documents["planted"]
    for name, metric in found["metrics"].items():
        *_, last = (day for day in found["days"] if day["metric"] == name)
        assert last["day"] == "2026-11-21"
        assert last["uplift"] == metric["uplift"]


def test_the_same_experiment_gives_the_same_bytes(measured):
    for name in ("experiment.json", "metrics.json", "figures.csv", "days.csv", "report.html"):
        first, second = ((measured[each].output / name).read_bytes() for each in ("planted", "again"))
        assert first == second, name


def test_the_figures_are_to_be_had_flat_and_as_lines(measured, documents):
    output = measured["planted"].output
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["ship"] == 1
    assert metrics["engagement_uplift"] == documents["planted"]["metrics"]["engagement"]["uplift"]
    lines = list(csv.DictReader((output / "figures.csv").open()))
    assert {line["role"] for line in lines} == {"metric", "guardrail"}
    assert float(lines[0]["uplift"]) == pytest.approx(metrics["engagement_uplift"])


def test_the_report_stands_alone_and_says_that_the_data_is_made_up(measured):
    html = (measured["planted"].output / "report.html").read_text()
    assert "<b>Made-up data:</b> an uplift of +60.0% was planted" in html
    assert html.count("data:image/png;base64,") == 5
    assert "http" not in html.replace("http-equiv", "")
    assert "Made-up data" not in (measured["real"].output / "report.html").read_text()


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("planted into the real", "has no world.json"),
        ("a day is missing", "session has no partition of 2026-11-22: run amp_lake"),
        ("nobody", "A variant has"),
    ],
)
def test_what_cannot_be_measured_fails_with_a_sentence(measured, case, message):
    assert measured[case].code == 1
    assert message in measured[case].message
    assert not (measured[case].output / "metrics.json").exists()


def test_shares_of_more_than_everybody_are_refused(measured):
    assert measured["too much"].code == 2
