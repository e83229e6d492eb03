"""What a crawl is after the server has ended while it ran."""

from local.aws.server import LocalAws
from tests.local.aws.glue.lake import Lake


def test_what_ran_when_the_server_ended_has_failed_and_crawlers_and_tables_are_there(
    tmp_path, images, parquet, hold
):
    hold.set()
    with LocalAws(home=tmp_path, images=images, port=0) as aws:
        lake = Lake(aws.endpoint_url, parquet)
        lake.role()
        lake.put("amp/t/day=1/a.parquet", a=[1])
        lake.create()
        lake.crawl()
        hold.clear()
        lake.glue.start_crawler(Name="crawler")
    with LocalAws(home=tmp_path, images=images, port=0) as aws:
        lake.glue = Lake.client("glue", aws.endpoint_url)
        crawler = lake.glue.get_crawler(Name="crawler")["Crawler"]
        assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "FAILED")
        assert "the local AWS stopped" in crawler["LastCrawl"]["ErrorMessage"]
        assert lake.columns("t") == {"a": "bigint"}
        assert lake.partitions("t").keys() == {"1"}
