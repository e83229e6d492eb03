"""Batches for CloudWatch Logs and metrics from lines."""

from local.aws.runtime.logs import EVENT_OVERHEAD, MAX_BYTES, MAX_EVENTS, MetricScraper, batches


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
