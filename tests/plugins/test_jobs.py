"""The rows of the job table against AWS's own models, as botocore carries them."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

from include.naming import TaskIdentity, job_name
from millrace.hooks.jobs import is_one_of
from millrace.jobs import ENDPOINT, KINDS, PROCESSING, TRAINING

STATUS_SHAPES = {
    PROCESSING.name: "ProcessingJobStatus",
    TRAINING.name: "TrainingJobStatus",
    ENDPOINT.name: "EndpointStatus",
}
RUNNING = {
    PROCESSING.name: {"InProgress", "Stopping"},
    TRAINING.name: {"InProgress", "Stopping", "Deleting"},
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
    for path in kind.result.values():
        first = path.split(".")[0].split("[")[0]
        assert not first or first in members


@every_kind
def test_tags_are_taken_by_the_start_operation(kind):
    assert kind.takes_tags == ("Tags" in model(kind).operation_model(kind.start).input_shape.members)


@every_kind
def test_a_name_fits_the_service(kind):
    shape = model(kind).operation_model(kind.start).input_shape.members[kind.name_field]
    assert kind.max_name_length == shape.metadata["max"]
    name = job_name(TaskIdentity("e" * 20, "t", "d" * 99, "r", "k" * 99), 12, max_length=kind.max_name_length)
    assert len(name) <= shape.metadata["max"]


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
