"""Asked in JSON, the endpoint answers with what is live and upcoming, the best first, and says by what."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.recommender.conftest import like, show
from tests.redis_servers import until

LATER = timedelta(hours=3)


@pytest.fixture(scope="module", autouse=True)
def running_redis(redis):
    with redis.running():
        yield


@pytest.fixture(autouse=True)
def catalog(send, function, redis):
    """Four shows: u knows the creator of s0; s3 is about jazz and comes later."""
    with function.connection.connect(redis.url) as client:
        client.flushall()
    send(show(0), show(1), show(2, "ended"), show(3, "scheduled", starts=LATER, topics=["jazz"]))


def listed(answer):
    return {each["show_id"]: each["score"] for each in answer["shows"]}


def asked(recommender, user="u", shows=None, **fields):
    """The answer when the endpoint has read the catalog of this test."""
    found = []

    def is_current():
        found[:] = [recommender.ask(user, **fields)]
        there = {each["show_id"] for each in found[0]["shows"]}
        return there == (shows or {"s0", "s1", "s3"})

    until(is_current)
    return found[0]


def test_what_was_learned_comes_first(recommender):
    answer = asked(recommender)
    assert answer["shows"][0] == {"show_id": "s0", "creator_id": "c0", "status": "live", "score": 0.5}
    assert [each["status"] for each in answer["shows"]] == ["live", "live", "scheduled"]
    assert (answer["ranked_by"], answer["because"]) == ("forest", None)
    assert answer["feature_version"] == datetime.now(UTC).date().isoformat()
    assert answer["catalog_seconds"] >= 0


def test_what_happens_now_counts_at_once(recommender, send):
    assert listed(asked(recommender)) == {"s0": 0.5, "s1": 0, "s3": 0}
    send(like("v", 1), like("w", 1), like("v", 3), like("w", 3))
    # One like of s1 is in its daily record, none of s3.
    assert listed(recommender.ask("u")) == {"s0": 0.5, "s1": 0.5, "s3": 0}
    send(like("x", 3))
    assert listed(recommender.ask("u")) == {"s0": 0.5, "s1": 0.5, "s3": 0.5}


def test_a_show_that_ends_is_offered_no_more(recommender, send):
    asked(recommender)
    send(show(0, "ended"), show(4))
    assert asked(recommender, shows={"s1", "s3", "s4"})["not_offered"] == []


def test_shows_can_be_chosen_and_the_list_be_short(recommender):
    asked(recommender)
    answer = recommender.ask("u", shows=["s3", "s2", "s0", "nowhere"], limit=1)
    assert listed(answer) == {"s0": 0.5}
    assert answer["not_offered"] == ["s2", "nowhere"]


@pytest.mark.parametrize(("topics", "first"), [(["jazz"], "s3"), (["chess"], "s"), (None, "s")])
def test_a_stranger_is_shown_what_they_declare(recommender, topics, first):
    fields = {"topics": topics} if topics else {}
    answer = asked(recommender, "stranger", **fields)
    assert answer["ranked_by"] == "topics"
    assert answer["because"] == "Feature Store has no features of this user."
    assert answer["shows"][0]["show_id"].startswith(first)


def test_without_a_show_there_is_an_empty_list(recommender, send):
    asked(recommender)
    answer = recommender.ask("u", shows=["nowhere"])
    assert (answer["shows"], answer["because"]) == ([], "No show is live or upcoming.")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[", "The body is no JSON"),
        ("[]", "a JSON list, not an object"),
        ("{}", "user_id is None; give 1 to 200"),
        ('{"user_id": "u", "limit": 0}', "limit is 0; give a whole number from 1 to 100"),
        ('{"user_id": "u", "limit": true}', "limit is True"),
        ('{"user_id": "u", "shows": "s0"}', "shows is 's0'; give up to 1000 texts"),
        ('{"user_id": "u", "topics": [""]}', "topics is ['']"),
        ('{"user_id": "u", "colour": 1}', "'colour' is not a field of a request"),
    ],
)
def test_a_request_that_is_wrong_is_told_why(recommender, body, reason):
    with pytest.raises(ClientError) as raised:
        recommender.runtime.invoke_endpoint(
            EndpointName="recommender", ContentType="application/json", Body=body.encode()
        )
    assert raised.value.response["OriginalStatusCode"] == 400
    assert reason in raised.value.response["OriginalMessage"]


def test_lines_of_candidates_are_still_scored(recommender):
    answer = recommender.runtime.invoke_endpoint(
        EndpointName="recommender", ContentType="text/csv", Accept="application/json", Body=b"," * 20
    )
    assert json.loads(answer["Body"].read()) == {"scores": [0.0]}


def test_a_feature_store_that_does_not_answer_is_told_of(recommender, forest):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        recommender.deploy(
            forest,
            "silent",
            AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME=url,
            MILLRACE_STORE_MILLISECONDS="200",
        )
        reasons = set()
        for _ in range(6):
            answer = recommender.ask("u", "silent", topics=["jazz"])
            reasons.add(answer["because"])
            assert answer["ranked_by"] == "topics"
            assert answer["shows"][0]["show_id"] == "s3"
    assert reasons == {"Feature Store did not answer within 200 ms."}


def test_without_redis_shows_that_are_named_are_ranked_by_daily_features(recommender, forest):
    recommender.deploy(forest, "alone", MILLRACE_REDIS_SECRET_ARN="")
    answer = recommender.ask("u", "alone", shows=["s1", "s0"])
    assert answer["ranked_by"] == "forest"
    assert "what happened since the daily features is not known" in answer["because"]
    assert listed(answer) == {"s0": 0, "s1": 0}, "without a catalog nobody knows whose shows they are"
    assert recommender.ask("u", "alone")["shows"] == []
