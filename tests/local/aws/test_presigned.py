"""Links to objects are good until they end."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.config import Config
from moto.s3.exceptions import S3ClientError

from local.aws.services.s3.presigned import check
from tests.local.conftest import connect

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def link(seconds, began=NOW):
    return {"X-Amz-Date": f"{began:%Y%m%dT%H%M%SZ}", "X-Amz-Expires": str(seconds)}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"prefix": "a", "Expires": "yesterday"},
        link(60),
        link(60, NOW - timedelta(seconds=60)),
        {"Signature": "x", "Expires": str(int(NOW.timestamp()))},
    ],
)
def test_what_is_no_link_or_has_not_ended_is_answered(query):
    check(query, NOW)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (link(60, NOW - timedelta(seconds=61)), "AccessDenied", "Request has expired"),
        (
            {"Signature": "x", "Expires": str(int(NOW.timestamp()) - 1)},
            "AccessDenied",
            "Request has expired",
        ),
        (link(0), "AuthorizationQueryParametersError", "X-Amz-Expires is '0'"),
        (link(604_801), "AuthorizationQueryParametersError", "X-Amz-Expires is '604801'"),
        (link("soon"), "AuthorizationQueryParametersError", "X-Amz-Expires is 'soon'"),
        ({"X-Amz-Expires": "60"}, "AuthorizationQueryParametersError", "X-Amz-Date must be"),
        ({"Signature": "x", "Expires": "9" * 30}, "AuthorizationQueryParametersError", "Expires is '999"),
    ],
)
def test_a_link_that_is_over_or_makes_no_sense_is_refused(query, code, message):
    with pytest.raises(S3ClientError) as caught:
        check(query, NOW)
    assert caught.value.code == code
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_link_of_boto3_ends(aws, version):
    s3 = connect(aws.endpoint_url, "s3", config=Config(signature_version=version))
    s3.create_bucket(Bucket=f"links-{version}")
    where = {"Bucket": f"links-{version}", "Key": "a"}
    s3.put_object(**where, Body=b"words")
    short, long = (
        s3.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds) for seconds in (5, 600)
    )
    assert httpx.get(short, trust_env=False).content == b"words"
    time.sleep(6.1)
    late = httpx.get(short, trust_env=False)
    assert (late.status_code, "Request has expired" in late.text) == (403, True)
    assert httpx.get(long, trust_env=False).content == b"words"
