"""What grant_read_access gives out."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.aws.review.links import LIFE_SECONDS, Links


@pytest.mark.parametrize("key", ["a.wav", "with space, and;more/ü#1?x=y.png", "//a//b"])
def test_a_link_reads_its_object_and_shows_no_page(aws, client, key):
    s3 = client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key=key, Body=b"0123456789", ContentType="text/html")
    link = Links(aws.endpoint_url, "us-east-1").sign(f"s3://data/{key}")
    whole = httpx.get(link)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["Content-Disposition"] == "attachment"
    part = httpx.get(link, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")


def test_a_link_is_good_for_a_while():
    link = Links("http://127.0.0.1:1", "us-east-1").sign("s3://data/key")
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(LIFE_SECONDS)]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "key",
        "https://data/key",
        "s3://data",
        "s3://data/",
        "s3:///key",
        "s3://data; script-src */key",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_of_an_object_is_refused(uri):
    with pytest.raises(ValueError, match=r"is no address of an object: give s3://bucket/key"):
        Links("http://127.0.0.1:1", "us-east-1").sign(uri)
