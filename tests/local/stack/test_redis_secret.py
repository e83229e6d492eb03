"""The URL of Redis is a secret of the local AWS, and follows the server."""

from local.stack import infrastructure, redis_secret


def test_the_secret_is_brought_up_to_date_under_one_arn(config):
    arn = redis_secret.put(config, "unix://:old@/socket")
    assert redis_secret.put(config, "unix://:new@/socket") == arn
    found = infrastructure.client(config, "secretsmanager").get_secret_value(SecretId=arn)
    assert found["SecretString"] == "unix://:new@/socket"
