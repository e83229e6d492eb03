"""The rows of the job table against AWS's own models, as botocore carries them."""

import re

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from include.naming import TaskIdentity, job_name
from millrace.hooks.jobs import is_one_of
from millrace.jobs import ENDPOINT, KINDS, PROCESSING, TRAINING, TRANSFORM, TUNING

STATUS_SHAPES = {
    PROCESSING.name: "ProcessingJobStatus",
    TRAINING.name: "TrainingJobStatus",
    TUNING.name: "HyperParameterTuningJobStatus",
    TRANSFORM.name: "TransformJobStatus",
    ENDPOINT.name: "EndpointStatus",
}
RUNNING = {
    PROCESSING.name: {"InProgress", "Stopping"},
    TRAINING.name: {"InProgress", "Stopping", "Deleting"},
    TUNING.name: {"InProgress", "Stopping", "Deleting"},
    TRANSFORM.name: {"InProgress", "Stopping"},
    ENDPOINT.name: {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"},
}
SESSION = botocore.session.get_session()

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def model(kind):
    return SESSION.get_service_model(kind.service)


@every_kind
def test_operations_and_name_fields_exist(kind):
    for operation in filter(None, (kind.start, kind.describe, kind.stop)):
        assert kind.name_field in model(kind).operation_model(operation).input_shape.members


@every_kind
def test_statuses_cover_the_enumeration(kind):
    known = set(model(kind).shape_for(STATUS_SHAPES[kind.name]).enum)
    assert kind.terminal | RUNNING[kind.name] == known
    assert not kind.terminal & RUNNING[kind.name]


@every_kind
def test_status_reason_and_result_are_members_of_the_description(kind):
    members = model(kind).operation_model(kind.describe).output_shape.members
    for path in (kind.status, kind.started, kind.ended, "FailureReason"):
        assert path is None or path in members
    for path in (*kind.result.values(), *kind.usage.values()):
        first = path.split(".")[0].split("[")[0]
        assert not first or first in members


@every_kind
def test_what_is_being_stopped_is_a_status_that_is_left_again(kind):
    assert kind.stopping <= RUNNING[kind.name]


@every_kind
def test_the_listing_filters_by_change_and_tells_name_and_status(kind):
    operation = model(kind).operation_model(kind.listing.operation)
    assert kind.listing.changed_after in operation.input_shape.members
    item = operation.output_shape.members[kind.listing.items].member
    assert {kind.listing.name, kind.listing.status} <= item.members.keys()
    assert set(item.members[kind.listing.status].enum) == kind.terminal | RUNNING[kind.name]
    assert SESSION.create_client(kind.service, region_name="us-east-1").can_paginate(
        xform_name(kind.listing.operation)
    )


@every_kind
def test_usage_is_found_in_a_description_of_the_full_shape(kind):
    """Every path leads to a value: a misspelled member would give none."""
    shape = model(kind).operation_model(kind.describe).output_shape
    description = generated(shape)
    for name, path in kind.usage.items():
        assert jmespath.search(path, description) is not None, name


def generated(shape, depth=0):
    """A value of a shape, with every member set."""
    match shape.type_name:
        case "structure":
            return (
                {name: generated(member, depth + 1) for name, member in shape.members.items()}
                if depth < 8
                else {}
            )
        case "list":
            return [generated(shape.member, depth + 1)]
        case "map":
            return {"key": generated(shape.value, depth + 1)}
        case other:
            return other


@every_kind
def test_tags_are_taken_by_the_start_operation(kind):
    assert kind.takes_tags == ("Tags" in model(kind).operation_model(kind.start).input_shape.members)


@every_kind
def test_a_name_fits_the_service(kind):
    shape = model(kind).operation_model(kind.start).input_shape.members[kind.name_field]
    assert kind.max_name_length == shape.metadata["max"]
    for dag in ("d" * 99, "a_DAG.with-Signs__", "--"):
        name = job_name(TaskIdentity("e" * 20, "t", dag, "r", "k" * 99), 12, max_length=kind.max_name_length)
        assert len(name) <= shape.metadata["max"]
        assert re.fullmatch(shape.metadata["pattern"], name)


@every_kind
def test_an_event_gives_name_and_status(kind):
    event = {
        "source": "aws.sagemaker",
        "detail-type": kind.event.detail_type,
        "detail": {kind.name_field: "a", kind.event.status.removeprefix("detail."): "Failed"},
    }
    assert kind.event.read(event) == ("a", "Failed")
    assert kind.event.read({**event, "source": "aws.glue"}) is None
    assert kind.event.read({**event, "detail": {}}) is None
    others = [other for other in KINDS.values() if other is not kind]
    assert all(other.event.read(event) is None for other in others)


def test_an_error_is_told_by_code_and_words():
    error = ClientError(
        {"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, "Describe"
    )
    assert is_one_of(error, PROCESSING.not_found)
    assert not is_one_of(error, PROCESSING.exists)
