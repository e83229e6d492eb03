"""The online store: types, event times, times to live, deletions, batches."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.feature_store.conftest import TODAY, TOMORROW, record_of, values_of


@pytest.fixture(scope="module")
def group(groups):
    """A group for every test here that changes nothing of the group itself; each has its own identifier."""
    groups.make("records")
    return "records"


def refused(call, **request):
    with pytest.raises(ClientError) as raised:
        call(**request)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_record_is_had_back_whole_or_in_part(groups, group, name):
    groups.put(group, name, minutes="1.5", sessions="2", city='Zürich "x"')
    whole = {"user_id": name, "event_time": TODAY, "minutes": "1.5", "sessions": "2", "city": 'Zürich "x"'}
    assert groups.get(group, name) == whole
    assert groups.get(group, name, FeatureNames=["sessions", "city"]) == {
        "sessions": "2",
        "city": whole["city"],
    }
    assert groups.get(group, f"not-{name}") is None
    code, message = refused(
        groups.records.get_record,
        FeatureGroupName=group,
        RecordIdentifierValueAsString=name,
        FeatureNames=["age"],
    )
    assert (code, "age" in message) == ("ValidationError", True)


def test_a_record_replaces_the_one_before_as_a_whole(groups, group, name):
    groups.put(group, name, minutes="1.5")
    groups.put(group, name, TOMORROW, sessions="3")
    assert groups.get(group, name) == {"user_id": name, "event_time": TOMORROW, "sessions": "3"}


@pytest.mark.parametrize("event_time", [TODAY, "2026-01-01T00:00:00.000Z", "2025-12-31T23:59:59.999Z"])
def test_only_a_later_event_time_replaces_a_record(groups, group, name, event_time):
    identifier = f"{name}-{event_time}"
    groups.put(group, identifier, TODAY, sessions="1")
    groups.put(group, identifier, event_time, sessions="2")
    assert groups.get(group, identifier)["sessions"] == "1"
    groups.put(group, identifier, "2026-01-01T00:00:00.001Z", sessions="3")
    assert groups.get(group, identifier)["sessions"] == "3"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sessions": "1.5"}, "'1.5' of feature sessions is not of type Integral"),
        ({"sessions": "9223372036854775808"}, "not of type Integral"),
        ({"sessions": "1_000"}, "not of type Integral"),
        ({"minutes": "nan"}, "not of type Fractional"),
        ({"minutes": ""}, "not of type Fractional"),
        ({"age": "7"}, "has no feature age"),
        ({"event_time": "2026-01-01"}, "EventTime '2026-01-01' of feature event_time is not valid"),
        ({"event_time": "2026-02-30T00:00:00Z"}, "is not valid"),
        ({"event_time": "2026-01-01T00:00:00+01:00"}, "is not valid"),
        ({"user_id": ""}, "record identifier user_id must be"),
        ({"city": "x" * 358_400}, "the limit is 358400"),
    ],
)
def test_a_value_that_is_not_of_its_feature_is_refused(groups, group, name, values, words):
    record = record_of(**{"user_id": name, "event_time": TODAY, **values})
    code, message = refused(groups.records.put_record, FeatureGroupName=group, Record=record)
    assert code == "ValidationError"
    assert words in message
    assert groups.get(group, name) is None


@pytest.mark.parametrize("left_out", ["user_id", "event_time"])
def test_a_record_without_identifier_or_time_is_refused(groups, group, name, left_out):
    record = record_of(**{k: v for k, v in {"user_id": name, "event_time": TODAY}.items() if k != left_out})
    assert left_out in refused(groups.records.put_record, FeatureGroupName=group, Record=record)[1]


def test_largest_and_smallest_numbers_are_taken(groups, group, name):
    groups.put(group, name, sessions="-9223372036854775808", minutes="-1.5e-300")
    assert groups.get(group, name)["sessions"] == "-9223372036854775808"


def test_seconds_are_an_event_time_too(groups, name):
    types = {"user_id": "Integral", "event_time": "Fractional"}
    definitions = [{"FeatureName": n, "FeatureType": t} for n, t in types.items()]
    groups.make(name, FeatureDefinitions=definitions, OfflineStoreConfig=None)
    groups.put(name, "1", "1767225600.25")
    groups.put(name, "1", "1767225600")
    assert groups.get(name, "1")["event_time"] == "1767225600.25"
    record = record_of(user_id="1", event_time="-1")
    assert "seconds since" in refused(groups.records.put_record, FeatureGroupName=name, Record=record)[1]


def test_a_record_expires_after_its_event_time(groups, group, name):
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    past, two_hours = f"{moment:%Y-%m-%dT%H:%M:%SZ}", {"Unit": "Hours", "Value": 2}
    groups.put(group, f"{name}-1", past, TtlDuration=two_hours)
    groups.put(group, f"{name}-2", past, TtlDuration={"Unit": "Minutes", "Value": 59})
    answer = groups.records.get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString=f"{name}-1", ExpirationTimeResponse="Enabled"
    )
    assert answer["ExpiresAt"] == f"{moment + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    assert groups.get(group, f"{name}-2") is None
    groups.put(group, f"{name}-2", "2020-01-01T00:00:00Z", sessions="1")
    assert groups.get(group, f"{name}-2")["sessions"] == "1"


def test_a_ttl_of_the_group_is_that_of_records_without_one(groups, name):
    online = {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Seconds", "Value": 1}}
    groups.make(name, OnlineStoreConfig=online, OfflineStoreConfig=None)
    groups.put(name, "u1")
    groups.put(name, "u2", TtlDuration={"Unit": "Weeks", "Value": 52_000})
    assert (groups.get(name, "u1"), groups.get(name, "u2") is not None) == (None, True)


def test_a_soft_deleted_record_is_not_found_and_only_a_later_one_comes_back(groups, group, name):
    groups.put(group, name, TODAY)
    where = {"FeatureGroupName": group, "RecordIdentifierValueAsString": name}
    groups.records.delete_record(**where, EventTime=TODAY)
    assert groups.get(group, name) is not None
    groups.records.delete_record(**where, EventTime="2026-01-01T12:00:00Z")
    assert groups.get(group, name) is None
    groups.put(group, name, "2026-01-01T06:00:00Z")
    assert groups.get(group, name) is None
    groups.put(group, name, TOMORROW)
    assert groups.get(group, name)["event_time"] == TOMORROW


def test_a_hard_deleted_record_leaves_nothing(groups, group, name):
    groups.put(group, name, TODAY)
    where = {"FeatureGroupName": group, "RecordIdentifierValueAsString": name, "DeletionMode": "HardDelete"}
    assert "not later" in refused(groups.records.delete_record, **where, EventTime=TODAY)[1]
    groups.records.delete_record(**where, EventTime=TOMORROW)
    groups.put(group, name, "2020-01-01T00:00:00Z")
    assert groups.get(group, name)["event_time"] == "2020-01-01T00:00:00Z"


def test_a_store_that_a_group_has_not_is_no_target(groups, group, name):
    groups.make(name, OfflineStoreConfig=None)
    record = record_of(user_id="u1", event_time=TODAY)
    request = {"FeatureGroupName": name, "Record": record, "TargetStores": ["OfflineStore"]}
    assert "no OfflineStore" in refused(groups.records.put_record, **request)[1]
    groups.put(group, name, TargetStores=["OfflineStore"])
    assert groups.get(group, name) is None


def test_a_batch_is_written_but_for_what_is_refused(groups, group, name):
    good = [record_of(user_id=f"{name}-{n}", event_time=TODAY, sessions=str(n)) for n in range(23)]
    entries = [{"FeatureGroupName": group, "Record": record} for record in good]
    wrong = {"FeatureGroupName": group, "Record": record_of(user_id="u", event_time=TODAY, sessions="x")}
    nowhere = {"FeatureGroupName": "nowhere", "Record": good[0]}
    answer = groups.records.batch_write_record(Entries=[*entries, wrong, nowhere])
    assert answer["UnprocessedEntries"] == []
    assert [(e["Entry"], e["ErrorCode"]) for e in answer["Errors"]] == [
        (wrong, "ValidationError"),
        (nowhere, "ResourceNotFound"),
    ]
    assert groups.get(group, f"{name}-22")["sessions"] == "22"
    code, message = refused(groups.records.batch_write_record, Entries=[*entries, *entries[:3]])
    assert (code, "between 1 and 25" in message) == ("ValidationError", True)


def test_of_one_batch_the_latest_record_stays(groups, group, name):
    records = [record_of(user_id=name, event_time=moment) for moment in (TODAY, TOMORROW, TODAY)]
    groups.records.batch_write_record(Entries=[{"FeatureGroupName": group, "Record": r} for r in records])
    assert groups.get(group, name)["event_time"] == TOMORROW


def test_records_of_several_groups_are_had_at_once(groups, group, name):
    arn = groups.make(name, OfflineStoreConfig=None)["FeatureGroupArn"]
    groups.put(name, "u1", sessions="1")
    groups.put(group, name, sessions="2")
    answer = groups.records.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": arn, "RecordIdentifiersValueAsString": ["u1", "nobody"]},
            {
                "FeatureGroupName": group,
                "RecordIdentifiersValueAsString": [name],
                "FeatureNames": ["sessions"],
            },
            {"FeatureGroupName": "nowhere", "RecordIdentifiersValueAsString": ["u1"]},
        ]
    )
    found = {
        (r["FeatureGroupName"], r["RecordIdentifierValueAsString"]): r["Record"] for r in answer["Records"]
    }
    assert found.keys() == {(arn, "u1"), (group, name)}
    assert values_of(found[group, name]) == {"sessions": "2"}
    assert [(e["FeatureGroupName"], e["ErrorCode"]) for e in answer["Errors"]] == [
        ("nowhere", "ResourceNotFound")
    ]
    assert answer["UnprocessedIdentifiers"] == []


def test_more_than_a_hundred_identifiers_are_refused(groups, group):
    two = [{"FeatureGroupName": group, "RecordIdentifiersValueAsString": ["u"] * n} for n in (60, 41)]
    assert "give 1 to 100" in refused(groups.records.batch_get_record, Identifiers=two)[1]


def test_what_an_answer_has_no_room_for_comes_back_unprocessed(groups, group, name):
    big = "x" * 340_000
    for number in range(52):
        groups.put(group, f"{name}-{number}", city=big)
    identifiers = [f"{name}-{number}" for number in range(52)]
    asked = [{"FeatureGroupName": group, "RecordIdentifiersValueAsString": identifiers}]
    answer = groups.records.batch_get_record(Identifiers=asked)
    [left] = answer["UnprocessedIdentifiers"]
    got = [record["RecordIdentifierValueAsString"] for record in answer["Records"]]
    assert got + left["RecordIdentifiersValueAsString"] == identifiers


def test_identifiers_are_listed_in_pages(groups, name):
    groups.make(name, OfflineStoreConfig=None)
    for number in range(5):
        groups.put(name, f"u{number}")
    groups.records.delete_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="u2", EventTime=TOMORROW
    )
    first = groups.records.list_records(FeatureGroupName=name, MaxResults=3)
    assert first["RecordIdentifiers"] == ["u0", "u1", "u3"]
    rest = groups.records.list_records(FeatureGroupName=name, MaxResults=3, NextToken=first["NextToken"])
    assert (rest["RecordIdentifiers"], "NextToken" in rest) == (["u4"], False)
    deleted = groups.records.list_records(FeatureGroupName=name, IncludeSoftDeletedRecords=True)
    assert "u2" in deleted["RecordIdentifiers"]


def test_a_group_that_is_not_there_is_not_found(groups):
    record = record_of(user_id="u", event_time=TODAY)
    code, message = refused(groups.records.put_record, FeatureGroupName="nowhere", Record=record)
    assert (code, "Resource Not Found" in message) == ("ValidationError", True)
    asked = {"FeatureGroupName": "nowhere", "RecordIdentifierValueAsString": "u"}
    assert refused(groups.records.get_record, **asked)[0] == "ResourceNotFound"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Record": 7}', b'{"Record": ["x"]}', b'{"Record": [{}]}'])
def test_a_body_that_is_no_request_is_refused_once(server, group, body):
    signature = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sagemaker/aws4_request, Signature=x"
    headers = {"Authorization": signature, "Content-Type": "application/json"}
    answer = httpx.put(f"{server.endpoint_url}/FeatureGroup/{group}", content=body, headers=headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "SerializationException")


def test_a_new_feature_is_missing_from_records_of_before(groups, name):
    groups.make(name, OfflineStoreConfig=None)
    groups.put(name, "u1", sessions="1")
    addition = {"FeatureName": "likes", "FeatureType": "Integral"}
    groups.sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=[addition])
    groups.settled(name)
    groups.put(name, "u2", likes="7")
    assert groups.get(name, "u1") == {"user_id": "u1", "event_time": TODAY, "sessions": "1"}
    assert groups.get(name, "u2")["likes"] == "7"


def test_calls_are_recorded_with_their_group(groups, server, group):
    groups.get(group, "whoever")
    entries = (server.calls.document(None, None) or {"entries": []})["entries"]
    found = {(entry["action"], entry["resource"]) for entry in entries}
    assert ("sagemaker:GetRecord", "arn:aws:sagemaker:us-east-1:123456789012:feature-group/records") in found
