"""What a crawl finds in S3 and writes to the Data Catalog."""

import gzip
import json

import pytest

TIMES = {"type": "timestamp", "of": ["us", "UTC"], "values": ["2026-01-01T10:00:00"]}


@pytest.fixture
def crawler(lake, request):
    """A crawler with the test's name; its policies are Glue's own."""
    return lake.create(request.node.name)


def session(lake, day, **more):
    lake.put(
        f"amp/session/day={day}/part-00000-of-00001.parquet",
        user_id=["u1", "u2"],
        seconds=[3, 4],
        event_time={**TIMES, "values": TIMES["values"] * 2},
        **more,
    )


def test_a_folder_of_days_is_a_partitioned_table(lake, crawler):
    session(lake, "2026-01-01", topics=[["pop"], ["news", "pop"]])
    session(lake, "2026-01-02")
    last = lake.crawl(crawler)
    assert last["Status"] == "SUCCEEDED"
    table = lake.table("session")
    storage = table["StorageDescriptor"]
    assert lake.columns("session") == {
        "user_id": "string",
        "seconds": "bigint",
        "event_time": "timestamp",
        "topics": "array<string>",
    }
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert storage["Location"] == f"s3://{lake.bucket}/amp/session/"
    assert storage["InputFormat"] == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    parameters = table["Parameters"]
    assert (parameters["classification"], parameters["typeOfData"]) == ("parquet", "file")
    assert (parameters["recordCount"], parameters["objectCount"]) == ("4", "2")
    assert parameters["UPDATED_BY_CRAWLER"] == crawler
    assert parameters["CrawlerSchemaDeserializerVersion"] == "1.0"
    partitions = lake.partitions("session")
    assert partitions.keys() == {"2026-01-01", "2026-01-02"}
    second = partitions["2026-01-02"]["StorageDescriptor"]
    assert second["Location"] == f"s3://{lake.bucket}/amp/session/day=2026-01-02/"
    assert "topics" not in [column["Name"] for column in second["Columns"]]
    assert lake.partitions("session", Expression="day >= '2026-01-02'").keys() == {"2026-01-02"}


def test_types_are_hives(lake, crawler):
    lake.put(
        "amp/all/part.parquet",
        Flag=[True],
        small={"type": "int32", "values": [1]},
        ratio={"type": "float32", "values": [0.5]},
        amount=[1.5],
        born={"type": "date32", "values": [1]},
        price={"type": "decimal128", "of": [9, 2], "values": [None]},
        raw={"type": "binary", "values": [None]},
        nested=[{"a": 1, "B": ["x"]}],
    )
    lake.crawl(crawler)
    assert lake.columns("all") == {
        "flag": "boolean",
        "small": "int",
        "ratio": "float",
        "amount": "double",
        "born": "date",
        "price": "decimal(9,2)",
        "raw": "binary",
        "nested": "struct<a:bigint,b:array<string>>",
    }
    assert "PartitionKeys" not in lake.table("all") or not lake.table("all")["PartitionKeys"]


def test_new_columns_tables_and_partitions_appear_and_nothing_else_changes(lake, crawler):
    session(lake, "2026-01-01")
    lake.crawl(crawler)
    session(lake, "2026-01-02", device=["ios", "android"])
    lake.put("amp/like/day=2026-01-02/part.parquet", user_id=["u1"], show_id=["s1"])
    lake.crawl(crawler)
    assert lake.tables() == {"session", "like"}
    assert list(lake.columns("session")) == ["user_id", "seconds", "event_time", "device"]
    summary = json.loads(lake.glue.list_crawls(CrawlerName=crawler)["Crawls"][0]["Summary"])
    assert summary["TABLE"]["ADD"]["Details"]["names"] == ["like"]
    assert summary["TABLE"]["UPDATE"]["Details"]["names"] == ["session"]
    assert summary["PARTITION"]["ADD"]["Count"] == 2
    versions = lake.glue.get_table_versions(DatabaseName=lake.database, TableName="session")["TableVersions"]
    lake.crawl(crawler)
    assert json.loads(lake.glue.list_crawls(CrawlerName=crawler)["Crawls"][0]["Summary"]) == {
        "TABLE": {},
        "PARTITION": {},
    }
    again = lake.glue.get_table_versions(DatabaseName=lake.database, TableName="session")["TableVersions"]
    assert len(again) == len(versions) == 2


def test_a_type_that_grows_is_widened(lake, crawler):
    lake.put("amp/t/day=1/a.parquet", n={"type": "int32", "values": [1]}, kind=[1])
    lake.put("amp/t/day=2/a.parquet", n=[2**40], kind=["x"])
    lake.crawl(crawler)
    assert lake.columns("t") == {"n": "bigint", "kind": "string"}


def test_what_begins_with_an_underscore_or_a_dot_and_what_is_excluded_is_no_data(lake, request):
    name = lake.create(
        request.node.name,
        Targets={"S3Targets": [{"Path": f"s3://{lake.bucket}/amp", "Exclusions": ["**/day=1999*/**"]}]},
    )
    session(lake, "2026-01-01")
    session(lake, "1999-01-01")
    lake.put("amp/_staging/run/session/day=2026-01-03/part.parquet", a=[1])
    lake.put("amp/session/_temporary/0/part.parquet", a=[1])
    lake.put("amp/session/day=2026-01-01/.part.parquet.crc", b"checksum")
    lake.put("amp/session/day=2026-01-01/_SUCCESS", b"yes")
    lake.crawl(name)
    assert lake.tables() == {"session"}
    assert lake.partitions("session").keys() == {"2026-01-01"}
    assert lake.table("session")["Parameters"]["objectCount"] == "1"


def policy(delete, update="UPDATE_IN_DATABASE"):
    return {"UpdateBehavior": update, "DeleteBehavior": delete}


def two_tables_of_which_one_goes(lake, name, delete):
    lake.create(name, SchemaChangePolicy=policy(delete))
    session(lake, "2026-01-01")
    session(lake, "2026-01-02")
    lake.put("amp/like/part.parquet", a=[1])
    lake.crawl(name)
    for key in ("amp/like/part.parquet", "amp/session/day=2026-01-01/part-00000-of-00001.parquet"):
        lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    lake.crawl(name)


def test_what_is_gone_is_deleted(lake, request):
    two_tables_of_which_one_goes(lake, request.node.name, "DELETE_FROM_DATABASE")
    assert lake.tables() == {"session"}
    assert lake.partitions("session").keys() == {"2026-01-02"}
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[request.node.name])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesDeleted"]) == (0, 1)


def test_what_is_gone_is_deprecated_and_is_not_when_it_comes_back(lake, request):
    two_tables_of_which_one_goes(lake, request.node.name, "DEPRECATE_IN_DATABASE")
    assert "DEPRECATED_BY_CRAWLER" in lake.table("like")["Parameters"]
    assert "DEPRECATED_BY_CRAWLER" in lake.partitions("session")["2026-01-01"]["Parameters"]
    lake.put("amp/like/part.parquet", a=[1])
    lake.crawl(request.node.name)
    assert "DEPRECATED_BY_CRAWLER" not in lake.table("like")["Parameters"]


def test_what_is_gone_is_only_logged(lake, request):
    two_tables_of_which_one_goes(lake, request.node.name, "LOG")
    assert lake.tables() == {"session", "like"}
    assert "DEPRECATED_BY_CRAWLER" not in lake.table("like")["Parameters"]
    assert any("like has no objects" in line for line in lake.log(request.node.name))


def test_tables_of_others_are_left_alone(lake, request):
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "by_hand"})
    two_tables_of_which_one_goes(lake, request.node.name, "DELETE_FROM_DATABASE")
    assert lake.tables() == {"session", "by_hand"}


def test_a_schema_is_not_changed_where_the_policy_is_log(lake, request):
    name = lake.create(request.node.name, SchemaChangePolicy=policy("LOG", update="LOG"))
    session(lake, "2026-01-01")
    lake.crawl(name)
    session(lake, "2026-01-02", device=["ios", "ios"])
    lake.crawl(name)
    assert "device" not in lake.columns("session")
    assert lake.partitions("session").keys() == {"2026-01-01", "2026-01-02"}


def test_new_folders_only(lake, request):
    recrawl = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    log = policy("LOG", update="LOG")
    name = lake.create(request.node.name, RecrawlPolicy=recrawl, SchemaChangePolicy=log)
    session(lake, "2026-01-01")
    lake.crawl(name)
    lake.put("amp/session/day=2026-01-01/later.parquet", user_id=["u9"])
    session(lake, "2026-01-02")
    lake.crawl(name)
    partitions = lake.partitions("session")
    assert partitions.keys() == {"2026-01-01", "2026-01-02"}
    assert partitions["2026-01-01"]["Parameters"]["objectCount"] == "1"


def test_columns_are_kept_and_partitions_inherit_where_the_configuration_says_so(lake, request):
    output = {
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
    }
    configuration = {"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}, "CrawlerOutput": output}
    name = lake.create(request.node.name, Configuration=json.dumps(configuration), TablePrefix="Amp-")
    lake.put("amp/t/day=1/a.parquet", a=[1], b=[1])
    lake.put("amp/t/day=2/a.parquet", a=[1])
    lake.crawl(name)
    lake.put("amp/t/day=1/a.parquet", a=[1])
    lake.crawl(name)
    assert lake.columns("amp_t") == {"a": "bigint", "b": "bigint"}
    columns = lake.partitions("amp_t")["2"]["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == ["a", "b"]


def test_without_a_level_folders_whose_schemas_are_alike_are_one_table(lake, request):
    name = lake.create(request.node.name, Configuration="")
    for folder in ("2025", "2026"):
        lake.put(f"amp/plays/{folder}/a.parquet", user=["u"], show=["s"], seconds=[1])
    lake.put("amp/catalog/a.parquet", title=["t"], minutes=[1])
    lake.crawl(name)
    assert lake.tables() == {"plays", "catalog"}
    assert lake.table("plays")["PartitionKeys"] == [{"Name": "partition_0", "Type": "string"}]
    assert lake.partitions("plays").keys() == {"2025", "2026"}


def test_json_lines_and_comma_separated_values(lake, crawler):
    lines = [{"userId": "u", "n": 1, "topics": ["pop"]}, {"userId": "v", "n": 2**40, "at": None}]
    lake.put("amp/raw/01/a.gz", gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    lake.put("amp/prices/a.csv", b"item,price\nab,1.5\ncd,2\n")
    lake.crawl(crawler)
    assert lake.columns("raw") == {
        "userid": "string",
        "n": "bigint",
        "topics": "array<string>",
        "at": "string",
    }
    raw = lake.table("raw")
    assert raw["Parameters"]["compressionType"] == "gzip"
    assert raw["StorageDescriptor"]["SerdeInfo"]["Parameters"]["paths"] == "at,n,topics,userId"
    assert lake.columns("prices") == {"item": "string", "price": "double"}
    assert lake.table("prices")["Parameters"]["skip.header.line.count"] == "1"


def test_a_damaged_file_is_left_out_and_named_in_the_log(lake, crawler):
    session(lake, "2026-01-01")
    lake.put("amp/session/day=2026-01-02/part.parquet", b"PAR1 and no footer at all")
    assert lake.crawl(crawler)["Status"] == "SUCCEEDED"
    assert lake.partitions("session").keys() == {"2026-01-01"}
    assert any("day=2026-01-02/part.parquet is left out" in line for line in lake.log(crawler))


def test_a_footer_longer_than_what_is_fetched_at_first_is_read_whole(lake, crawler):
    lake.put("amp/wide/a.parquet", **{f"a_column_with_a_long_name_{n:04}": [n] for n in range(1500)})
    lake.crawl(crawler)
    assert len(lake.columns("wide")) == 1500
