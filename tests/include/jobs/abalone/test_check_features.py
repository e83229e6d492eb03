"""The quality report: what it asks, what it found, a sentence for what was not met."""

import json
import re

import pytest

from tests.include.jobs.abalone.conftest import SUITE


def report(outcomes, case):
    assert outcomes[case].code == 0
    return outcomes[case].json("report.json")


def failures(outcomes, case):
    return [item["sentence"] for item in report(outcomes, case)["expectations"] if not item["success"]]


def test_good_features_pass(outcomes):
    assert report(outcomes, "check passes")["success"] is True
    assert failures(outcomes, "check passes") == []


def test_every_expectation_of_the_suite_is_reported(outcomes):
    suite = json.loads(SUITE.read_text())
    entries = report(outcomes, "check passes")["expectations"]
    assert len(entries) == len(suite["features"]) + len(suite["intake"])
    assert {*entries[0]} == {"expectation", "column", "observed", "bound", "success", "sentence"}
    bounds = {(entry["column"], entry["bound"]) for entry in entries}
    assert ("height", "0 <= value <= 1.5") in bounds
    assert (
        "whole_weight, shucked_weight",
        "whole_weight >= shucked_weight in at least 0.99 of the rows",
    ) in bounds
    assert ("sex_F, sex_I, sex_M", "sex_F + sex_I + sex_M = 1") in bounds


def test_a_failed_expectation_is_a_result_with_observed_value_and_bound(outcomes):
    assert report(outcomes, "check fails")["success"] is False
    assert failures(outcomes, "check fails") == [
        "table: 62, expected 1000 <= count",
        "rejected_fraction: 0.243902, expected value <= 0",
    ]


def test_an_expectation_that_cannot_be_evaluated_is_not_met(outcomes):
    (sentence,) = failures(outcomes, "check of a column that is not there")
    assert sentence.startswith("colour: not evaluated")
    assert '"colour"' in sentence


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("broken suite", "The suite 'broken.json' cannot be read"),
        ("no metrics", "The metrics 'metrics.json' cannot be read"),
        ("no features", "There is no Parquet to read"),
        ("half the features", "The features at s3://output/half are not complete, _SUCCESS is missing"),
    ],
)
def test_what_cannot_be_judged_is_an_error(outcomes, case, message):
    assert outcomes[case].code == 1
    assert message in outcomes[case].message


def test_the_page_stands_alone(outcomes):
    page = (outcomes["check fails"].output / "data_docs" / "index.html").read_text()
    assert "2 of 35 expectations not met" in page
    assert "rejected_fraction: 0.243902, expected value &lt;= 0" in page
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="(https?:|\.\.)', page)


def test_great_expectations_own_results_are_kept(outcomes):
    results = outcomes["check passes"].json("results.json")
    assert {name: result["success"] for name, result in results.items()} == {"features": True, "intake": True}
