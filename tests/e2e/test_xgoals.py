"""xgoals under a real scheduler: the sample learned, a match scored, the endpoint gone when idle."""

import json

import pytest

DAG = "xgoals"
QUICK = [text for field in ("tuning_jobs=2", "num_round=60", "idle_minutes=1") for text in ("--param", field)]


@pytest.fixture(scope="module")
def first(stack):
    """A run of the sample that ships."""
    return stack.run(DAG, *QUICK)


def test_the_page_of_the_last_match_is_left(stack, first):
    report = first["outputs"]["match_report"]
    page = stack.read(f"{report}/report.html").decode()
    assert page.count("data:image/png;base64,") == 2
    metrics = json.loads(stack.read(f"{report}/metrics.json"))
    assert metrics["scored_shots"] == 27
    assert 0 < metrics["scored_xg"] < 27


def test_the_endpoint_is_gone_and_the_model_is_approved(stack, first):
    sagemaker = stack.client("sagemaker")
    assert sagemaker.list_endpoints(NameContains=DAG)["Endpoints"] == []
    [group] = sagemaker.list_model_package_groups(NameContains=DAG)["ModelPackageGroupSummaryList"]
    [package] = sagemaker.list_model_packages(ModelPackageGroupName=group["ModelPackageGroupName"])[
        "ModelPackageSummaryList"
    ]
    assert package["ModelApprovalStatus"] == "Approved"


@pytest.mark.slow
def test_a_model_that_is_no_better_leaves_the_champion_in_service(stack, first):
    """The same matches and the same seed make the same model again, and a tie is not won."""
    stack.run(DAG, *QUICK)
    sagemaker = stack.client("sagemaker")
    [group] = sagemaker.list_model_package_groups(NameContains=DAG)["ModelPackageGroupSummaryList"]
    packages = sagemaker.list_model_packages(
        ModelPackageGroupName=group["ModelPackageGroupName"], SortBy="CreationTime", SortOrder="Ascending"
    )["ModelPackageSummaryList"]
    assert [each["ModelApprovalStatus"] for each in packages] == ["Approved", "Rejected"]
