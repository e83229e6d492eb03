"""The rows of the job table against AWS's own models, as botocore carries them."""

import re

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from include.naming import TaskIdentity, job_name, member_name
from millrace.descriptions import JobDescription
from millrace.hooks.jobs import is_one_of
from millrace.jobs import (
    CALL_ANALYTICS,
    EMR_ON_EKS,
    ENDPOINT,
    FEATURE_GROUP,
    GLUE_CRAWLER,
    HUMAN_LOOP,
    KINDS,
    LANGUAGE_MODEL,
    PROCESSING,
    REDSHIFT_BATCH,
    TRAINING,
    TRANSCRIPTION,
    TRANSFORM,
    TUNING,
    VOCABULARY,
)
from millrace.triggers.routing import batch_address, route

STATUS_SHAPES = {
    PROCESSING.name: "ProcessingJobStatus",
    TRAINING.name: "TrainingJobStatus",
    TUNING.name: "HyperParameterTuningJobStatus",
    TRANSFORM.name: "TransformJobStatus",
    ENDPOINT.name: "EndpointStatus",
    FEATURE_GROUP.name: "FeatureGroupStatus",
    TRANSCRIPTION.name: "TranscriptionJobStatus",
    CALL_ANALYTICS.name: "CallAnalyticsJobStatus",
    VOCABULARY.name: "VocabularyState",
    LANGUAGE_MODEL.name: "ModelStatus",
    HUMAN_LOOP.name: "HumanLoopStatus",
    EMR_ON_EKS.name: "JobRunState",
    GLUE_CRAWLER.name: "LastCrawlStatus",
    REDSHIFT_BATCH.name: "StatementStatusString",
}
RUNNING = {
    PROCESSING.name: {"InProgress", "Stopping"},
    TRAINING.name: {"InProgress", "Stopping", "Deleting"},
    TUNING.name: {"InProgress", "Stopping", "Deleting"},
    TRANSFORM.name: {"InProgress", "Stopping"},
    ENDPOINT.name: {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"},
    FEATURE_GROUP.name: {"Creating", "Deleting"},
    TRANSCRIPTION.name: {"QUEUED", "IN_PROGRESS"},
    CALL_ANALYTICS.name: {"QUEUED", "IN_PROGRESS"},
    VOCABULARY.name: {"PENDING"},
    LANGUAGE_MODEL.name: {"IN_PROGRESS"},
    HUMAN_LOOP.name: {"InProgress", "Stopping"},
    EMR_ON_EKS.name: {"PENDING", "SUBMITTED", "RUNNING", "CANCEL_PENDING"},
    GLUE_CRAWLER.name: set(),  # those are of the crawler
    REDSHIFT_BATCH.name: {"SUBMITTED", "PICKED", "STARTED"},
}
COMMON = {"ResourceNotFound", "ResourceInUse", "ConflictException"}
SESSION = botocore.session.get_session()

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
listed_kinds = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.listing], ids=lambda kind: kind.name
)


def model(kind):
    return SESSION.get_service_model(kind.service)


@every_kind
def test_operations_and_name_fields_exist(kind):
    assert kind.name_field in model(kind).operation_model(kind.start).input_shape.members
    for operation in filter(None, (kind.describe, kind.stop)):
        assert (
            kind.identity("place/id").keys()
            <= model(kind).operation_model(operation).input_shape.members.keys()
        )


given_ids = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.given_id], ids=lambda kind: kind.name
)


@given_ids
def test_a_kind_whose_jobs_are_given_ids_finds_them_by_name(kind):
    given, search = kind.given_id, kind.given_id.search
    start = model(kind).operation_model(kind.start)
    where = kind.located("place").keys()
    assert {*where, given.token, kind.name_field} <= start.input_shape.members.keys()
    assert given.field in start.output_shape.members
    listing = model(kind).operation_model(search.operation)
    assert {*where, search.name, *search.options} <= listing.input_shape.members.keys()
    item = listing.output_shape.members[search.items].member
    assert {given.field, search.name} <= item.members.keys()
    description = generated(model(kind).operation_model(kind.describe).output_shape)
    assert jmespath.search(given.path, description) == ("string/string" if where else "string")


def test_a_reference_says_which_job_is_meant():
    reference = EMR_ON_EKS.reference("a-1", {"virtualClusterId": "c"})
    assert EMR_ON_EKS.sought(reference) == ("c", "a-1")
    assert EMR_ON_EKS.sought("c/0j") is None
    assert EMR_ON_EKS.identity("c/0j") == {"virtualClusterId": "c", "id": "0j"}
    assert REDSHIFT_BATCH.reference("a-1", {"ClusterIdentifier": "c"}) == "name:a-1"
    assert REDSHIFT_BATCH.sought("name:a-1") == ("", "a-1")
    assert REDSHIFT_BATCH.sought("dd2e1ec9") is None
    assert REDSHIFT_BATCH.identity("dd2e1ec9") == {"Id": "dd2e1ec9"}
    assert PROCESSING.reference("a-1", {}) == "a-1"
    assert PROCESSING.sought("a-1") is None
    assert PROCESSING.identity("a-1") == {"ProcessingJobName": "a-1"}


@every_kind
def test_statuses_cover_the_enumeration(kind):
    known = set(model(kind).shape_for(STATUS_SHAPES[kind.name]).enum)
    assert kind.terminal | RUNNING[kind.name] == known
    assert not kind.terminal & RUNNING[kind.name]


@every_kind
def test_status_reason_and_result_are_members_of_the_description(kind):
    description = generated(model(kind).operation_model(kind.describe).output_shape)
    for path in (kind.status, kind.started, kind.ended, kind.reason, kind.name_path or kind.name_field):
        assert path is None or jmespath.search(path, description)
    for path in (*kind.result.values(), *kind.usage.values()):
        assert jmespath.search(path, description) is not None, path


def test_a_training_job_has_failed_for_its_reason_and_was_stopped_for_its_last_message():
    transitions = [{"StatusMessage": "Training job failed"}]
    failed = {"FailureReason": "AlgorithmError: exit code: 1", "SecondaryStatusTransitions": transitions}
    stopped = {"SecondaryStatusTransitions": [{"StatusMessage": "MaxWaitTimeExceeded"}]}
    assert JobDescription(TRAINING, failed).reason == "AlgorithmError: exit code: 1"
    assert JobDescription(TRAINING, stopped).reason == "MaxWaitTimeExceeded"


def test_a_job_for_which_there_were_no_instances_is_worth_a_later_try():
    reason = "CapacityError: Unable to provision requested ML compute capacity. Please retry."
    failed = JobDescription(TRAINING, {"TrainingJobStatus": "Failed", "FailureReason": reason})
    assert failed.had_no_capacity
    assert not failed.is_permanent


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TRAINING, {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}),
        (TRAINING, {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"}),
        (PROCESSING, {"ProcessingJobStatus": "Stopped", "ExitMessage": "MaxRuntimeExceeded: too long"}),
    ],
)
def test_a_job_that_was_stopped_at_a_limit_of_its_request_would_be_again(kind, fields):
    assert JobDescription(kind, fields).is_permanent
    by_hand = {kind.status: "Stopped", "SecondaryStatus": "Stopped"}
    assert not JobDescription(kind, by_hand).is_permanent


@every_kind
def test_what_is_being_stopped_is_a_status_that_is_left_again(kind):
    assert kind.stopping <= RUNNING[kind.name]


@listed_kinds
def test_the_listing_filters_by_change_and_tells_name_and_status(kind):
    operation = model(kind).operation_model(kind.listing.operation)
    assert kind.listing.changed_after in operation.input_shape.members
    item = operation.output_shape.members[kind.listing.items].member
    assert {kind.listing.name, kind.listing.status} <= item.members.keys()
    assert set(item.members[kind.listing.status].enum) == kind.terminal | RUNNING[kind.name]
    assert SESSION.create_client(kind.service, region_name="us-east-1").can_paginate(
        xform_name(kind.listing.operation)
    )


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
def test_the_errors_of_a_row_are_those_of_its_operations(kind):
    """SageMaker's model leaves out that it answers ValidationException; every service may."""
    stop = kind.stop or kind.describe
    for operation, patterns in (
        (kind.start, kind.exists),
        (kind.describe, kind.not_found),
        (stop, kind.cannot_stop),
    ):
        known = {shape.name for shape in model(kind).operation_model(operation).error_shapes}
        assert {pattern.code for pattern in patterns} - {"ValidationException"} <= known | COMMON


@every_kind
def test_tags_are_taken_by_the_start_operation(kind):
    members = model(kind).operation_model(kind.start).input_shape.members
    tagged = kind.tagged({"key": "value"})
    assert tagged.keys() == {"Tags", "tags"} & members.keys()
    for member, tags in tagged.items():
        assert members[member].type_name == ("map" if isinstance(tags, dict) else "list")


@every_kind
def test_a_name_fits_the_service(kind):
    members = model(kind).operation_model(kind.start).input_shape.members
    shape = members[kind.name_field]
    tokens = [members[kind.given_id.token].metadata["max"]] if kind.given_id else []
    assert kind.max_name_length == min(shape.metadata["max"], *tokens, 2048)
    for dag in ("d" * 99, "a_DAG.with-Signs__", "--"):
        name = job_name(TaskIdentity("e" * 20, "t", dag, "r", "k" * 99), 12, max_length=kind.max_name_length)
        assert len(name) <= shape.metadata["max"]
        # That of crawlers is one that only Java reads, statements have none.
        if kind not in (GLUE_CRAWLER, REDSHIFT_BATCH):
            assert re.fullmatch(shape.metadata["pattern"], name)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if not kind.given_id], ids=lambda kind: kind.name
)
def test_an_event_gives_name_and_status(kind):
    name, status = (path.removeprefix("detail.") for path in (kind.event.name, kind.event.status))
    event = {
        "source": kind.event.source,
        "detail-type": kind.event.detail_type,
        "detail": {name: "a", status: "Failed"},
    }
    assert kind.event.read(event) == ("a", "Failed")
    assert kind.event.read({**event, "source": "aws.other"}) is None
    assert kind.event.read({**event, "detail": {}}) is None
    others = [other for other in KINDS.values() if other is not kind]
    assert all(other.event.read(event) is None for other in others)


def test_an_event_of_emr_gives_the_reference_and_status():
    detail = {"virtualClusterId": "c", "id": "0j", "name": "ours-1", "state": "COMPLETED"}
    event = {"source": "aws.emr-containers", "detail-type": "EMR Job Run State Change", "detail": detail}
    assert route(event) == [((EMR_ON_EKS.name, "c/0j"), "COMPLETED")]
    for missing in ("virtualClusterId", "id", "state"):
        assert route({**event, "detail": {**detail, missing: None}}) == []


def test_an_event_of_the_data_api_gives_the_id_and_status():
    detail = {"statementId": "dd2e1ec9", "statementName": "ours-1", "state": "FINISHED", "rows": 1}
    event = {
        "source": "aws.redshift-data",
        "detail-type": "Redshift Data Statement Status Change",
        "detail": detail,
    }
    assert route(event) == [((REDSHIFT_BATCH.name, "dd2e1ec9"), "FINISHED")]
    for missing in ("statementId", "state"):
        assert route({**event, "detail": {**detail, missing: None}}) == []


@pytest.mark.parametrize(
    "error",
    [
        "Query #2 failed with ERROR: permission denied for schema amp",
        'FATAL: password authentication failed for user "millrace_reports"',
    ],
)
def test_what_the_database_refuses_it_would_refuse_again(error):
    assert JobDescription(REDSHIFT_BATCH, {"Status": "FAILED", "Error": error}).is_permanent


def test_an_error_is_told_by_code_and_words():
    error = ClientError(
        {"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, "Describe"
    )
    assert is_one_of(error, PROCESSING.not_found)
    assert not is_one_of(error, PROCESSING.exists)


@pytest.mark.parametrize(
    ("kind", "detail_type", "detail"),
    [
        (
            TRANSCRIPTION,
            "Transcribe Job State Change",
            {"TranscriptionJobName": "a", "TranscriptionJobStatus": "COMPLETED"},
        ),
        (CALL_ANALYTICS, "Call Analytics Job State Change", {"JobName": "a", "JobStatus": "COMPLETED"}),
        (VOCABULARY, "Vocabulary State Change", {"VocabularyName": "a", "VocabularyState": "READY"}),
        (
            LANGUAGE_MODEL,
            "Transcribe Language Model State Change",
            {"ModelName": "a", "ModelStatus": "COMPLETED"},
        ),
    ],
)
def test_events_of_transcribe_are_read_as_aws_documents_them(kind, detail_type, detail):
    event = {"source": "aws.transcribe", "detail-type": detail_type, "detail": detail}
    name, status = kind.event.read(event)
    assert name == "a"
    assert kind.is_over(status)
    assert route(event) == [((kind.name, "a"), status)]


def test_a_human_loop_is_heard_of_by_its_name_and_by_that_of_its_batch():
    name = member_name("local-talks-review-0f3a9c21d4-1", "window-0")
    event = {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker A2I HumanLoop Status Change",
        "detail": {"humanLoopName": name, "humanLoopStatus": "Completed"},
    }
    assert route(event) == [
        ((HUMAN_LOOP.name, name), "Completed"),
        (batch_address(HUMAN_LOOP, "local-talks-review-0f3a9c21d4-1"), (name, "Completed")),
    ]


@pytest.mark.parametrize(
    ("state", "last", "status"),
    [
        ("READY", None, "READY"),
        ("RUNNING", "SUCCEEDED", "RUNNING"),
        ("STOPPING", "SUCCEEDED", "STOPPING"),
        ("READY", "SUCCEEDED", "SUCCEEDED"),
        ("READY", "FAILED", "FAILED"),
        ("READY", "CANCELLED", "CANCELLED"),
    ],
)
def test_a_crawler_has_the_status_of_its_last_crawl_where_none_runs(state, last, status):
    crawler = {"Name": "a", "State": state} | ({"LastCrawl": {"Status": last}} if last else {})
    description = JobDescription(GLUE_CRAWLER, {"Crawler": crawler})
    assert description.status == status
    assert description.is_over == (state == "READY" and last is not None)


def test_events_of_crawlers_are_read_as_aws_documents_them():
    for state, is_over in (("Started", False), ("Succeeded", True), ("Failed", True)):
        detail = {"crawlerName": "a", "state": state, "message": f"Crawler {state}"}
        event = {"source": "aws.glue", "detail-type": "Glue Crawler State Change", "detail": detail}
        assert route(event) == [((GLUE_CRAWLER.name, "a"), state)]
        assert GLUE_CRAWLER.is_over(state) == is_over


def test_media_at_fault_would_be_at_fault_again():
    fields = {"TranscriptionJobStatus": "FAILED", "FailureReason": "Unsupported media format: text."}
    assert JobDescription(TRANSCRIPTION, {"TranscriptionJob": fields}).is_permanent
    ours = {**fields, "FailureReason": "Internal error"}
    assert not JobDescription(TRANSCRIPTION, {"TranscriptionJob": ours}).is_permanent


def test_a_table_that_aws_refuses_would_be_refused_again():
    failed = {"VocabularyState": "FAILED", "FailureReason": "The vocabulary has a space in row 3."}
    assert JobDescription(VOCABULARY, failed).is_permanent
    assert not JobDescription(VOCABULARY, {"VocabularyState": "READY"}).is_permanent
