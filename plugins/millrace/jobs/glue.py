"""AWS Glue's crawlers.

There is no event of a crawl that was stopped. A crawler keeps its name and crawls once at a time, so its
status is that of its last crawl where none runs. ``STOPPING`` is no sign that anybody has stopped it: every
crawl passes through it at its end.

https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
"""

from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind

GLUE_CRAWLER = JobKind(
    name="Glue crawler",
    service="glue",
    start="StartCrawler",
    describe="GetCrawler",
    stop="StopCrawler",
    # ListCrawls is of one crawler.
    listing=None,
    name_field="Name",
    name_path="Crawler.Name",
    status="(Crawler.State == 'READY' && Crawler.LastCrawl.Status) || Crawler.State",
    reason="Crawler.LastCrawl.ErrorMessage",
    succeeded=frozenset({"SUCCEEDED"}),
    failed=frozenset({"FAILED"}),
    stopped=frozenset({"CANCELLED"}),
    event=EventPattern(
        source="aws.glue",
        detail_type="Glue Crawler State Change",
        name="detail.crawlerName",
        status="detail.state",
    ),
    not_found=(ErrorPattern("EntityNotFoundException"),),
    exists=(ErrorPattern("CrawlerRunningException"),),
    cannot_stop=(
        ErrorPattern("EntityNotFoundException"),
        ErrorPattern("CrawlerNotRunningException"),
        ErrorPattern("CrawlerStoppingException"),
    ),
    console="crawlers",
    console_page="glue/home?region={region}#/v2/data-catalog/crawlers/view/{name}",
    log_group="/aws-glue/crawlers",
    log_prefix="{name}",
    started="Crawler.LastCrawl.StartTime",
    max_name_length=255,
    takes_tags=False,
)
