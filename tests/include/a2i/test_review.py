"""Every request is checked against AWS's own models, as botocore carries them."""

import re
from dataclasses import replace
from datetime import timedelta

import botocore.session
import pytest
from botocore.validate import validate_parameters

from include.a2i import HumanReview, Item, parse_items
from include.a2i.items import MAX_INPUT_BYTES
from include.a2i.review import TEMPLATES

SESSION = botocore.session.get_session()
TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
UI = "arn:aws:sagemaker:us-east-1:123456789012:human-task-ui/a"
FLOW = "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/a"
REVIEW = HumanReview(
    items="s3://b/items.json",
    template="words.html",
    work_team_arn=TEAM,
    title="What is said?",
    description="Listen and write it down.",
    deadline=timedelta(hours=2),
)


def check(service, operation, request):
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    validate_parameters(request, shape)
    return shape, request


@pytest.fixture
def template(monkeypatch, tmp_path):
    monkeypatch.setattr("include.a2i.review.TEMPLATES", tmp_path)
    (tmp_path / "words.html").write_text("<crowd-form></crowd-form>")
    return tmp_path / "words.html"


def test_a_page_is_named_by_its_content(run, template):
    shape, first = check("sagemaker", "CreateHumanTaskUi", REVIEW.ui_request(run))
    assert re.fullmatch(shape.members["HumanTaskUiName"].metadata["pattern"], first["HumanTaskUiName"])
    assert REVIEW.ui_request(run) == first
    template.write_text("<crowd-form>else</crowd-form>")
    assert REVIEW.ui_request(run)["HumanTaskUiName"] != first["HumanTaskUiName"]


def test_a_flow_definition_is_named_by_all_that_is_in_it(run):
    shape, first = check("sagemaker", "CreateFlowDefinition", REVIEW.flow_request(run, UI))
    assert re.fullmatch(shape.members["FlowDefinitionName"].metadata["pattern"], first["FlowDefinitionName"])
    changed = [
        REVIEW.flow_request(run, f"{UI}b"),
        replace(REVIEW, work_team_arn=f"{TEAM}b").flow_request(run, UI),
        replace(REVIEW, answers=3).flow_request(run, UI),
        replace(REVIEW, available=timedelta(minutes=5)).flow_request(run, UI),
    ]
    names = {request["FlowDefinitionName"] for request in [first, *changed]}
    assert len(names) == 5


def test_runs_share_a_flow_definition_and_tenants_do_not(run, settings):
    first = REVIEW.flow_request(run, UI)
    assert REVIEW.flow_request(replace(run, run_id="another"), UI) == first
    other = replace(run, settings=type(settings)(**settings.model_dump() | {"tenant": "other"}))
    assert REVIEW.flow_request(other, UI)["FlowDefinitionName"] != first["FlowDefinitionName"]


def test_people_may_take_a_task_for_longer_than_the_review_lasts(run):
    """What is open at the deadline is then stopped, and has not failed."""
    loop = REVIEW.flow_request(run, UI)["HumanLoopConfig"]
    assert loop["TaskAvailabilityLifetimeInSeconds"] == 7200 + 86_400
    assert loop["TaskTimeLimitInSeconds"] == 3600
    assert loop["TaskCount"] == 1


def test_answers_are_encrypted_as_other_output_is(run, settings):
    with_key = replace(run, settings=type(settings)(**settings.model_dump() | {"output_kms_key": "key-2"}))
    assert REVIEW.flow_request(with_key, UI)["OutputConfig"]["KmsKeyId"] == "key-2"
    assert "KmsKeyId" not in REVIEW.flow_request(run, UI)["OutputConfig"]


def test_a_loop_has_its_item_as_json(run):
    request = REVIEW.loop_request(FLOW, Item("a", {"heard": "näher"}))
    check("sagemaker-a2i-runtime", "StartHumanLoop", {**request, "HumanLoopName": "a"})
    assert request["HumanLoopInput"] == {"InputContent": '{"heard": "näher"}'}


@pytest.mark.parametrize(
    ("sufficient", "items", "needed"),
    [(1.0, 7, 7), (0.5, 7, 4), (0.7, 10, 7), (0.01, 3, 1), (5, 7, 5), (9, 7, 7), (1.5, 7, 2), (1, 0, 0)],
)
def test_a_share_or_a_number_of_answers_suffices(sufficient, items, needed):
    assert replace(REVIEW, sufficient=sufficient).needed(items) == needed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"work_team_arn": None}, "nobody is asked: name a work team"),
        ({"answers": 4}, "4 answers to each task: A2I takes 1 to 3"),
        ({"answers": 0}, "0 answers to each task"),
        ({"sufficient": 0}, "0 answers suffice"),
        ({"deadline": timedelta(0)}, "is over before"),
    ],
)
def test_what_no_review_can_be_is_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        replace(REVIEW, **changes)


def test_items_are_read_in_their_order():
    document = [{"id": "b", "input": {"x": 1}}, {"id": "a", "input": {}}]
    assert parse_items(document) == [Item("b", {"x": 1}), Item("a", {})]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "items are a list"),
        ([1], "item 0 is not of the form"),
        ([{"id": "a", "input": {}}, {"input": {}}], "item 1 is not of the form"),
        ([{"id": "", "input": {}}], "item 0 is not of the form"),
        ([{"id": "a", "input": "text"}], "item 0 is not of the form"),
        ([{"id": "a", "input": {}}] * 2, "the id 'a' comes 2 times"),
        ([{"id": "a", "input": {"x": "x" * MAX_INPUT_BYTES}}], "over the 3145728 of a human loop"),
    ],
)
def test_what_is_no_list_of_items_says_where(document, reason):
    with pytest.raises(ValueError, match=reason):
        parse_items(document)


def test_templates_ship_with_the_requests():
    assert TEMPLATES.name == "templates"
    assert TEMPLATES.is_dir()
