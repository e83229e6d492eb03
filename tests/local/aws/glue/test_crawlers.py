"""Crawlers as resources: what is refused, how a crawl ends, who is told."""

import json
import time

import httpx
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def name(request):
    return request.node.name


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_a_crawler_is_described_as_it_was_made(lake, name):
    lake.create(name, Description="all of it", TablePrefix="amp_")
    crawler = lake.glue.get_crawler(Name=name)["Crawler"]
    assert (crawler["State"], crawler["Version"], crawler["Description"]) == ("READY", 1, "all of it")
    assert "LastCrawl" not in crawler
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}
    assert crawler["SchemaChangePolicy"]["DeleteBehavior"] == "DEPRECATE_IN_DATABASE"
    assert lake.glue.batch_get_crawlers(CrawlerNames=[name, "none"])["CrawlersNotFound"] == ["none"]
    assert name in [c["Name"] for c in lake.glue.get_crawlers()["Crawlers"]]


def test_an_update_changes_what_it_names(lake, name):
    lake.create(name, TablePrefix="amp_")
    lake.glue.update_crawler(Name=name, Description="new")
    crawler = lake.glue.get_crawler(Name=name)["Crawler"]
    assert (crawler["TablePrefix"], crawler["Description"], crawler["Version"]) == ("amp_", "new", 2)


def test_tags(lake, name):
    lake.create(name, Tags={"team": "ml", "for": name})
    arn = f"arn:aws:glue:us-east-1:123456789012:crawler/{name}"
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "ml", "for": name}
    assert lake.glue.list_crawlers(Tags={"for": name})["CrawlerNames"] == [name]
    lake.glue.delete_crawler(Name=name)
    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Role": "nobody"}, "unable to assume"),
        ({"Targets": {}}, "At least one crawl target"),
        ({"Targets": {"S3Targets": [{"Path": "curated/amp"}]}}, "'curated/amp' is not an S3 URI"),
        ({"Targets": {"JdbcTargets": [{"Path": "a"}]}}, "S3Targets only"),
        ({"Configuration": "{"}, "no JSON"),
        ({"Schedule": "cron(0 * * * ? *)"}, "Schedule"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "only LOG DeleteBehavior"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "NEVER"}}, "enum value set"),
    ],
)
def test_what_a_crawler_cannot_be(lake, change, says):
    code, message = refused(lake.glue.create_crawler, **lake.definition("wrong", **change))
    assert code == "InvalidInputException"
    assert says in message


def test_names_that_are_taken_and_names_that_nothing_has(lake, name):
    lake.create(name)
    assert refused(lake.glue.create_crawler, **lake.definition(name))[0] == "AlreadyExistsException"
    for operation in ("get_crawler", "start_crawler", "stop_crawler", "delete_crawler", "update_crawler"):
        assert refused(getattr(lake.glue, operation), Name="none")[0] == "EntityNotFoundException"
    assert refused(lake.glue.list_crawls, CrawlerName="none")[0] == "EntityNotFoundException"
    assert refused(lake.glue.stop_crawler, Name=name)[0] == "CrawlerNotRunningException"


def test_one_crawl_at_a_time_and_a_stop_writes_nothing(lake, name, hold):
    lake.put("amp/t/a.parquet", a=[1])
    lake.create(name)
    lake.glue.start_crawler(Name=name)
    assert lake.glue.get_crawler(Name=name)["Crawler"]["State"] == "RUNNING"
    for operation in ("start_crawler", "delete_crawler", "update_crawler"):
        assert refused(getattr(lake.glue, operation), Name=name)[0] == "CrawlerRunningException"
    lake.glue.stop_crawler(Name=name)
    assert lake.glue.get_crawler(Name=name)["Crawler"]["State"] == "STOPPING"
    assert refused(lake.glue.stop_crawler, Name=name)[0] == "CrawlerStoppingException"
    assert refused(lake.glue.start_crawler, Name=name)[0] == "CrawlerRunningException"
    hold.set()
    assert lake.finished(name)["Status"] == "CANCELLED"
    assert lake.glue.list_crawls(CrawlerName=name)["Crawls"][0]["State"] == "STOPPED"
    assert lake.tables() == set()


def test_a_bucket_that_is_not_there_fails_the_crawl_with_the_reason(lake, name):
    lake.create(name, Targets={"S3Targets": [{"Path": "s3://nowhere-at-all/amp/"}]})
    last = lake.crawl(name)
    assert last["Status"] == "FAILED"
    assert "Status Code: 404; Error Code: NoSuchBucket" in last["ErrorMessage"]
    assert (last["LogGroup"], last["LogStream"]) == ("/aws-glue/crawlers", name)
    assert any(line.startswith(f"[{last['MessagePrefix']}] ERROR") for line in lake.log(name))


def test_a_database_that_is_not_there_fails_the_crawl(lake, name):
    lake.create(name, DatabaseName="missing")
    assert "Database missing not found" in lake.crawl(name)["ErrorMessage"]


def test_the_history_is_listed_page_by_page_and_filtered(lake, name):
    lake.create(name)
    for _ in range(3):
        lake.crawl(name)
    crawls = lake.glue.list_crawls(CrawlerName=name)["Crawls"]
    assert [c["StartTime"] for c in crawls] == sorted((c["StartTime"] for c in crawls), reverse=True)
    first = lake.glue.list_crawls(CrawlerName=name, MaxResults=2)
    rest = lake.glue.list_crawls(CrawlerName=name, MaxResults=2, NextToken=first["NextToken"])
    assert [c["CrawlId"] for c in first["Crawls"] + rest["Crawls"]] == [c["CrawlId"] for c in crawls]
    one = {"FieldName": "CRAWL_ID", "FilterOperator": "EQ", "FieldValue": crawls[1]["CrawlId"]}
    assert lake.glue.list_crawls(CrawlerName=name, Filters=[one])["Crawls"] == [crawls[1]]
    moment = crawls[1]["StartTime"].isoformat()
    later = {"FieldName": "START_TIME", "FilterOperator": "GT", "FieldValue": moment}
    assert lake.glue.list_crawls(CrawlerName=name, Filters=[later])["Crawls"] == [crawls[0]]


def heard(lake, name):
    """A queue that hears of Glue from now on, and a function that takes what it has heard."""
    url = lake.sqs.create_queue(QueueName=name[:60])["QueueUrl"]
    arn = lake.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    lake.events.put_rule(Name=name[:60], EventPattern=json.dumps({"source": ["aws.glue"]}))
    lake.events.put_targets(Rule=name[:60], Targets=[{"Id": "queue", "Arn": arn}])

    def take(number):
        found, until = [], time.monotonic() + 20
        while len(found) < number and time.monotonic() < until:
            answer = lake.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return [(event["detail-type"], event["detail"]) for event in found]

    return take


def test_events_say_how_a_crawl_ended_and_what_it_has_changed(lake, name):
    take = heard(lake, name)
    lake.put("amp/t/day=1/a.parquet", a=[1])
    lake.create(name)
    lake.crawl(name)
    events = take(4)
    crawler = [detail for kind, detail in events if kind == "Glue Crawler State Change"]
    assert [(d["crawlerName"], d["state"]) for d in crawler] == [(name, "Started"), (name, "Succeeded")]
    assert (crawler[1]["tablesCreated"], crawler[1]["partitionsCreated"]) == ("1", "1")
    assert crawler[1]["tablesUpdated"] == "0"
    catalog = {kind: detail for kind, detail in events if "Catalog" in kind}
    database = catalog["Glue Data Catalog Database State Change"]
    assert (database["typeOfChange"], database["changedTables"]) == ("CreateTable", ["t"])
    table = catalog["Glue Data Catalog Table State Change"]
    assert (table["typeOfChange"], table["tableName"]) == ("BatchCreatePartition", "t")


def test_a_failure_is_an_event_with_its_message(lake, name):
    take = heard(lake, name)
    lake.create(name, DatabaseName="missing")
    lake.crawl(name)
    kind, detail = take(2)[-1]
    assert (kind, detail["state"]) == ("Glue Crawler State Change", "Failed")
    assert "missing" in detail["errorMessage"]


def test_a_crawler_has_a_page_with_its_targets_and_its_log(lake, server, name):
    lake.create(name)
    lake.crawl(name)
    page = httpx.get(f"{server.endpoint_url}/_millrace/jobs/crawlers/{name}").text
    for text in (name, "SUCCEEDED", f"s3://{lake.bucket}/amp/", "Running Start Crawl"):
        assert text in page
