"""The page of streams and delivery streams: what is in them, who reads them, what did not go through."""

import re
import time

import httpx
import pytest

from local.aws.pages.frame import STREAMS
from tests.local.aws.firehose.account import LATER, Account


@pytest.fixture
def account(aws):
    return Account(aws.endpoint_url).furnish()


def rows(aws):
    """The text of the page's rows, by their first cells."""
    answer = httpx.get(f"{aws.endpoint_url}{STREAMS}")
    assert answer.status_code == 200
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", answer.text, re.DOTALL):
        cells = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", row)]
        if cells:
            found[cells[0]] = cells[1:]
    return found


def shown(aws, name, cell, text, seconds=60):
    until = time.monotonic() + seconds
    while text not in (row := rows(aws)[name])[cell]:
        assert time.monotonic() < until, row
        time.sleep(0.1)
    return row


def test_a_server_without_streams_says_so(aws):
    assert httpx.get(f"{aws.endpoint_url}{STREAMS}").text.count("Nothing is here.") == 2


def test_a_shard_shows_its_records_and_how_far_behind_its_readers_are(aws, account):
    account.kinesis.create_stream(StreamName="events", ShardCount=1)
    for _ in range(3):
        account.kinesis.put_record(StreamName="events", Data=b"12345", PartitionKey="a")
    assert rows(aws)["events"] == ["shardId-000000000000", "3", ""]
    time.sleep(0.2)
    token = account.kinesis.get_shard_iterator(
        StreamName="events", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    account.kinesis.get_records(ShardIterator=token, Limit=1)
    behind = re.fullmatch(r"anybody: ([\d,]+) ms \(\d+ s ago\)", rows(aws)["events"][2])
    assert int(behind[1].replace(",", "")) >= 200


def test_a_delivery_stream_shows_what_waits_what_went_and_what_went_wrong(aws, account):
    account.make("waits", BufferingHints=LATER)
    account.put("waits", "123", "45")
    assert rows(aws)["waits"][:5] == ["put to it", "2", "5", "0", "0"]
    account.make("went")
    account.put("went", "1")
    account.delivered("went", 1)
    [key] = account.objects("went")
    shown(aws, "went", 1, "0")  # when the server would have the object after a kill
    row = shown(aws, "went", 5, f"s3://went/{key}")
    assert row[1:5] == ["0", "0", "1", "0"]
    account.make("wrong")
    account.s3.delete_bucket(Bucket="wrong")
    account.put("wrong", "1")
    assert "NoSuchBucket" in shown(aws, "wrong", 5, "NoSuchBucket")[5]
