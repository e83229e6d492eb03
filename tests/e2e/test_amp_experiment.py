"""Experiments on a sample world, from nothing to a verdict; the second one on the lake that is there."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
DAG = "amp_experiment"
SMALL = ("events=2000", "sample_days=3", "days=2", "days_before=1")
"""The world of the other pipelines on these events: a stack has one. Its users are too few to find much."""
LARGE = ("events=20000", "sample_days=4", "days=2", "days_before=2")
"""A day of the lake costs a file for each table."""


def parameters(*given: str) -> list[str]:
    return [part for each in given for part in ("--param", each)]


def outcome(stack, run) -> str:
    with stack.api() as api:
        entry = f"/dags/{DAG}/dagRuns/{run['run_id']}/taskInstances/verdict/xcomEntries/outcome"
        return api.get(entry).raise_for_status().json()["value"]


@pytest.fixture(scope="module")
def small(stack):
    stack.millrace("up")
    return stack.run(DAG, *parameters(*SMALL, "planted_uplift=0.9"))


def test_a_run_comes_to_a_verdict(stack, small):
    found = outcome(stack, small)
    assert found == ("ship" if small["metrics"]["ship"] else "do not ship")
    metrics = small["metrics"]
    assert metrics["engagement_low"] < metrics["engagement_uplift"] < metrics["engagement_high"]


def test_the_report_is_one_click_from_the_verdict(stack, small):
    with stack.api() as api:
        links = api.get(f"/dags/{DAG}/dagRuns/{small['run_id']}/taskInstances/verdict/links")
    page = links.raise_for_status().json()["extra_links"]["Report"]
    assert page.endswith("/experiment/report.html")
    report = stack.read(f"{small['outputs']['experiment']}/report.html").decode()
    assert "<b>Made-up data:</b>" in report


@pytest.fixture(scope="module")
def planted(own_stack):
    """What a run leaves that makes users of the treatment do nearly twice as much."""
    return own_stack.run(DAG, *parameters(*LARGE, "planted_uplift=0.9"))


def test_a_planted_uplift_is_shipped(own_stack, planted):
    metrics = planted["metrics"]
    assert metrics["ship"] == 1
    assert 0 < metrics["engagement_low"] < metrics["engagement_high"]
    assert outcome(own_stack, planted) == "ship"


def test_lost_users_make_the_experiment_invalid(own_stack, planted):
    done = own_stack.millrace("run", DAG, *parameters(*LARGE, "planted_loss=0.9"), timeout=1500)
    assert done.returncode == 1
    assert "invalid (made-up data, planted uplift +0.0%): Sample-ratio mismatch" in done.stderr
    run = own_stack.last_run()
    assert "engagement_uplift" not in run["metrics"]
    document = json.loads(own_stack.read(f"{run['outputs']['experiment']}/experiment.json"))
    assert document["verdict"]["outcome"] == "invalid"


def test_an_effect_of_nothing_is_not_shipped(own_stack, planted):
    run = own_stack.run(DAG, *parameters(*LARGE, "planted_uplift=0"))
    assert run["metrics"]["ship"] == 0
