"""Selection finds what says something, detection what is strange, cleaning drops just that."""

import csv

import pytest

STRANGE = "99999"
"""The gain of the rows that the sample's generator made strange."""


def table(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def selected(analysed, name="select sample"):
    return analysed[name].json("selected.json")


def picture(outcome, name):
    content = (outcome.output / name).read_bytes()
    return content.startswith(b"\x89PNG") and len(content) > 20_000


def test_what_decides_the_income_of_the_sample_is_selected(analysed):
    names = selected(analysed)
    for name in ("education=Doctorate", "education=HS-grad", "occupation=Exec-managerial", "capital_gain"):
        assert name in names
    assert any(name.startswith("age=") for name in names)


def test_what_has_no_influence_is_not(analysed):
    assert not [name for name in selected(analysed) if name.startswith(("fnlwgt", "workclass="))]


def test_every_feature_is_listed_with_its_information_best_first(analysed, prepared):
    rows = table(analysed["select sample"].output / "information.csv")
    values = [float(row["information"]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert values[-1] >= 0
    assert {row["feature"] for row in rows} == set(
        prepared["sample"].json("encoder/encoder.json")["features"]
    )
    assert [row["feature"] for row in rows if row["kept"] == "True"] == selected(analysed)
    good = [float(row["information"]) >= 0.0005 and float(row["p_value"]) <= 0.01 for row in rows]
    assert [row["kept"] == "True" for row in rows] == good
    metrics = analysed["select sample"].json("metrics.json")
    assert metrics["features_in"] == len(rows)
    assert metrics["features_selected"] == len(selected(analysed))


def test_no_more_than_asked_for_are_kept(analysed):
    assert selected(analysed, "select three") == selected(analysed)[:3]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("select none", "the bounds are min_information 9 and 0.01."),
        ("select nothing", "features.csv is not in"),
        ("drop of other rows", "There are 2384 flags for 240 training rows: they do not belong."),
        ("drop all", "All 0 training rows that are no anomalies have the same income"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(analysed, case, message):
    assert analysed[case].code == 1
    assert message in analysed[case].message
    assert not (analysed[case].output / "metrics.json").exists()


def test_the_strange_rows_of_the_sample_are_found(analysed, prepared):
    rows = table(prepared["sample"].output / "rows/train/rows.csv")
    flags = table(analysed["detect sample"].output / "flags/flags.csv")
    found = [flag["anomaly"] == "1" for flag in flags]
    strange = [row["capital_gain"] == STRANGE for row in rows]
    assert sum(strange) > 30
    assert all(f for f, s in zip(found, strange, strict=True) if s), "a strange row was not found"
    assert sum(found) < 1.5 * sum(strange)
    metrics = analysed["detect sample"].json("anomalies/metrics.json")
    assert metrics["anomalies_found"] == sum(found)
    assert metrics["anomaly_share"] == pytest.approx(sum(found) / len(found), abs=1e-6)


def test_the_strangest_are_listed_first(analysed):
    rows = table(analysed["detect sample"].output / "anomalies/anomalies.csv")
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0.65
    assert rows[0]["capital_gain"] == STRANGE


def test_the_bound_decides_how_many_are_anomalies(analysed):
    shares = [
        analysed[name].json("anomalies/metrics.json")["anomaly_share"]
        for name in ("detect none", "detect sample", "detect strictly")
    ]
    assert shares[0] == 0
    assert shares[0] < shares[1] < shares[2]


def test_the_same_rows_have_the_same_scores(analysed):
    files = [analysed[name].output / "flags/flags.csv" for name in ("detect sample", "detect again")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_just_the_anomalies_are_dropped(analysed, prepared):
    before = (prepared["sample"].output / "features/train/features.csv").read_text().splitlines()
    after = (analysed["drop sample"].output / "cleaned/features.csv").read_text().splitlines()
    flags = table(analysed["detect sample"].output / "flags/flags.csv")
    kept = [line for line, flag in zip(before[1:], flags, strict=True) if flag["anomaly"] == "0"]
    assert after == [before[0], *kept]
    metrics = analysed["drop sample"].json("cleaning/metrics.json")
    assert metrics == {"rows_dropped": len(before) - len(after), "rows_kept": len(after) - 1}


def test_pictures_are_drawn(analysed):
    assert picture(analysed["select sample"], "information.png")
    assert picture(analysed["detect sample"], "anomalies/scores.png")
    assert picture(analysed["detect none"], "anomalies/scores.png")


def test_real_adult(real_adult, analysed):
    assert {"capital_gain", "education=Bachelors", "occupation=Exec-managerial"} <= set(
        selected(analysed, "select real")
    )
    assert 0.002 < analysed["detect real"].json("anomalies/metrics.json")["anomaly_share"] < 0.01
