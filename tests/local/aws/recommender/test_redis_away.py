"""Redis goes away and comes back: every request is answered, and says by what."""

import pytest

from tests.local.aws.recommender.conftest import show
from tests.redis_servers import until

GONE = "Redis cannot be reached."


def test_it_is_done_without_while_it_is_away_and_used_again_when_it_is_back(recommender, redis, send):
    answer = recommender.ask("u", shows=["s0"])
    assert (answer["ranked_by"], answer["because"], answer["catalog_seconds"]) == ("topics", GONE, None)
    with redis.running():
        send(show(0), show(3, topics=["jazz"]))
        until(lambda: recommender.ask("u")["ranked_by"] == "forest")
    answers = [recommender.ask("u") for _ in range(8)]
    for answer in answers:
        # The catalog is the last one that was read, and what u has declared is from Feature Store.
        assert [each["show_id"] for each in answer["shows"]] == ["s3", "s0"]
        assert (answer["ranked_by"], answer["because"]) == ("topics", GONE)
    with redis.running():
        until(lambda: recommender.ask("u")["ranked_by"] == "forest")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no url", "Redis has no URL: the secret is none."),
        (None, "Redis has no URL: Secrets Manager refused to answer."),
    ],
)
def test_a_secret_that_is_of_no_use_is_told_of(recommender, forest, value, reason):
    name = f"secret-{value is None}".lower()
    secret = recommender.secrets.create_secret(Name=name, SecretString=value or "x")["ARN"]
    if value is None:
        recommender.secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    recommender.deploy(forest, name, MILLRACE_REDIS_SECRET_ARN=secret)
    answer = recommender.ask("u", name, shows=["s0"], topics=["jazz"])
    assert (answer["ranked_by"], answer["because"]) == ("topics", reason)
