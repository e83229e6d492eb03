"""The gate says which table, column or day is wrong, and since when."""

import json

import pytest

from tests.include.jobs.amp_lake.conftest import event, hours, without

DAY = "2026-03-01"


def failures(report):
    return [entry["sentence"] for entry in report["expectations"] if not entry["success"]]


def test_a_good_lake_passes(lake):
    lake.arrive(f"{DAY}T10", event("like", f"{DAY}T10:00:00"), event("session", f"{DAY}T10:20:00"))
    lake.build()
    report = lake.check()
    assert report["success"] is True
    asked = {(entry["expectation"], entry["column"]) for entry in report["expectations"]}
    assert ("expect_column_values_to_be_unique", "event_id") in asked
    assert ("expect_column_values_to_not_be_null", "show_minutes") in asked
    page = (lake.folder / f"check-{lake.runs}" / "data_docs" / "index.html").read_text()
    assert "0 of " in page


def test_bad_values_too_many_rejects_and_a_column_that_is_gone_are_named(lake):
    for hour in hours(f"{DAY}T08", 4):
        lost = ["device"] if hour >= f"{DAY}T10" else []
        rows = [event("session", f"{hour}:00:00", number) for number in range(8)]
        lake.arrive(hour, *(without(row, *lost) for row in rows))
    lake.arrive(f"{DAY}T08", event("session", f"{DAY}T08:30:00", seconds=-5), name="b")
    lake.build()
    report = lake.check("--max-rejected-fraction", "0.25")
    said = failures(report)
    assert len(said) == 3
    assert any(
        sentence.startswith("rejected_fraction: 0.484848, expected max") or "0.4848" in sentence
        for sentence in said
    )
    assert any(sentence.startswith("seconds: 1 of 17 rows outside, such as -5") for sentence in said)
    [gone] = [sentence for sentence in said if "gone" in sentence]
    assert gone.startswith(
        "session: column device is gone: most events that arrived since 2026-03-01 10:00 UTC"
    )
    # A later run still says since when.
    lake.arrive(f"{DAY}T12", *(without(event("session", f"{DAY}T12:00:00", n), "device") for n in range(12)))
    lake.build()
    assert [
        s for s in failures(lake.check("--max-rejected-fraction", "1")) if "since 2026-03-01 10:00 UTC" in s
    ]


@pytest.mark.slow
def test_with_nothing_new_there_is_nothing_to_judge(lake):
    lake.arrive(f"{DAY}T10", event("like", f"{DAY}T10:00:00"))
    lake.build()
    lake.build()
    assert lake.check()["success"] is True


def test_a_damaged_report_ends_in_one_sentence(lake):
    folder = lake.folder / "broken"
    folder.mkdir()
    (folder / "metrics.json").write_text("[")
    arguments = ["--lake", "s3://curated/x", "--build", str(folder), "--output", str(folder)]
    suite = folder / "suite.json"
    suite.write_text(json.dumps({"*": [], "intake": []}))
    answer = lake.steps.ask(
        script="check_lake", arguments=[*arguments, "--suite", str(suite)], base=str(folder)
    )
    assert answer["code"] == 1
    assert lake.message(folder).startswith("The metrics 'metrics.json' cannot be read")
