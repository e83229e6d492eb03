"""Streams of CloudWatch Logs, their batches, and metrics from lines."""

import time

from botocore.exceptions import EndpointConnectionError

from local.aws.runtime.logs import EVENT_OVERHEAD, MAX_BYTES, MAX_EVENTS, LogStream, MetricScraper, batches


def _until(look):
    give_up = time.monotonic() + 20
    while not look():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _shown(logs):
    try:
        events = logs.get_log_events(logGroupName="/g", logStreamName="s", startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]


def test_a_stream_that_was_deleted_is_made_again(client):
    logs = client("logs")
    stream = LogStream(logs, "/g", "s")
    stream.write("one")
    _until(lambda: _shown(logs) == ["one"])
    logs.delete_log_group(logGroupName="/g")
    stream.write("two")
    stream.write("three")
    stream.close()
    assert _shown(logs) == ["two", "three"]


def test_a_stream_that_fails_keeps_no_lines(client, monkeypatch):
    def refuse(**_):
        raise EndpointConnectionError(endpoint_url="http://gone")

    logs = client("logs")
    monkeypatch.setattr(logs, "put_log_events", refuse)
    stream = LogStream(logs, "/g", "s")
    stream.write("one")
    _until(lambda: not stream._thread.is_alive())
    for _ in range(100):
        stream.write("more")
    assert stream._lines == []
    stream.close()


def test_batches_keep_the_order_and_the_limits():
    lines = [(n, "x") for n in range(25_000)]
    found = list(batches(lines))
    assert [len(batch) for batch in found] == [MAX_EVENTS, MAX_EVENTS, 5000]
    assert [line for batch in found for line in batch] == lines


def test_a_batch_is_full_at_its_size_in_bytes():
    text = "\u00fc" * 60_000
    found = list(batches([(0, text)] * 20))
    assert sum(len(batch) for batch in found) == 20
    assert all(sum(len(t.encode()) + EVENT_OVERHEAD for _, t in batch) <= MAX_BYTES for batch in found)
    assert len(found) == 3


def test_no_lines_are_no_call():
    assert list(batches([])) == []


def test_the_last_number_counts():
    scraper = MetricScraper(
        [{"Name": "loss", "Regex": r"loss: ([0-9.e+-]+)"}, {"Name": "all", "Regex": r"^[0-9]+$"}]
    )
    for line in ("loss: 3.0", "12", "loss: 1e-3", "loss: ...", "none"):
        scraper.read(line)
    assert {m["MetricName"]: m["Value"] for m in scraper.final()} == {"loss": 0.001, "all": 12.0}


def test_all_values_of_the_metric_that_is_followed_are_kept():
    definitions = [{"Name": name, "Regex": f"{name}=([0-9.]+)"} for name in ("loss", "gain")]
    scraper = MetricScraper(definitions, followed="loss")
    for line in ("loss=3 gain=1", "gain=2", "loss=2", "loss=2"):
        scraper.read(line)
    assert scraper.series == [3.0, 2.0, 2.0]
