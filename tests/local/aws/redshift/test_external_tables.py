"""Tables of the Data Catalog: days, columns that came later, and what is no Parquet."""


def test_days_and_columns_are_those_of_the_catalog(warehouse, lake):
    rows = warehouse.rows(
        "SELECT user_id, seconds, started_at, score, day FROM lake.session ORDER BY day, user_id"
    )
    assert rows == [
        ("u1", 10, "2026-01-01 10:00:00", None, "2026-01-01"),
        ("u1", 20, "2026-01-02 10:00:00", 1.5, "2026-01-02"),
        ("u2", 30, None, None, "2026-01-02"),
    ]


def test_a_day_counts_from_when_the_catalog_has_it(warehouse, lake):
    lake.put("session/day=2026-01-03/part-0.parquet", "SELECT 'u3' AS user_id, 5::bigint AS seconds")
    count = "SELECT count(*) FROM lake.session"
    assert warehouse.rows(count) == [(3,)]
    lake.partition("session", "2026-01-03")
    assert warehouse.rows(count) == [(4,)]
    lake.put("session/day=2026-01-03/_temporary.parquet", "SELECT 'u4' AS user_id")
    assert warehouse.rows(count) == [(4,)]


def test_tables_join_with_those_of_the_cluster(warehouse, lake):
    warehouse.run(
        ["CREATE TABLE names (user_id varchar(10), name varchar)", "INSERT INTO names VALUES ('u1', 'Ada')"]
    )
    sql = (
        "SELECT n.name, sum(s.seconds)::bigint FROM lake.session s JOIN names n ON n.user_id = s.user_id"
        " WHERE s.day >= :first GROUP BY 1"
    )
    assert warehouse.rows(sql, values={"first": "2026-01-02"}) == [("Ada", 20)]


def test_values_of_partitions_may_hold_anything(warehouse, lake):
    lake.table("odd", {"n": "int"}, keys=("name",))
    lake.put("odd/name=a b/x.parquet", "SELECT 1 AS n")
    lake.partition("odd", "a b", key="name")
    assert warehouse.rows("SELECT n, name FROM lake.odd WHERE name = 'a b'") == [(1, "a b")]


def test_a_table_without_partitions_or_objects_is_read_too(warehouse, lake):
    lake.table("plain", {"n": "bigint", "tags": "array<string>"}, keys=())
    assert warehouse.rows("SELECT n FROM lake.plain") == []
    lake.put("plain/a.parquet", "SELECT 1 AS n, ['x'] AS tags")
    assert warehouse.rows("SELECT n, tags FROM lake.plain") == [(1, '["x"]')]


def test_what_cannot_be_read_is_said(warehouse, lake):
    lake.table("words", {"n": "bigint"}, kind="Text")
    assert "the local AWS reads Parquet only" in warehouse.refused("SELECT * FROM lake.words")
    assert 'relation "lake.nothing" does not exist' in warehouse.refused("SELECT * FROM lake.nothing")
    strange = "CREATE EXTERNAL SCHEMA x FROM DATA CATALOG DATABASE 'x' IAM_ROLE 'arn:aws:iam::1:role/x'"
    assert "Not authorized to get credentials of role arn:aws:iam::1:role/x" in warehouse.refused(strange)
    taken = f"CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'x' IAM_ROLE '{warehouse.role}'"
    assert warehouse.refused(taken) == 'ERROR: schema "lake" already exists'
    warehouse.run(taken.replace("SCHEMA lake", "SCHEMA IF NOT EXISTS lake"))


def test_rows_are_unloaded_to_s3_by_who_may_read_them(warehouse, lake):
    def unload(*options, query="SELECT user_id, seconds, score FROM lake.session ORDER BY day, user_id"):
        quoted = query.replace("'", "''")
        to = f"TO 's3://{lake.bucket}/out/rows_' IAM_ROLE '{warehouse.role}'"
        return f"UNLOAD ('{quoted}') {to} FORMAT CSV HEADER PARALLEL OFF EXTENSION 'csv' {' '.join(options)}"

    warehouse.run(unload())
    body = warehouse.s3.get_object(Bucket=lake.bucket, Key="out/rows_000.csv")["Body"].read().decode()
    assert body.splitlines() == ["user_id,seconds,score", "u1,10,", "u1,20,1.5", "u2,30,"]
    assert "is not empty" in warehouse.refused(unload())
    warehouse.run(unload("ALLOWOVERWRITE", query="SELECT 'it''s' AS said"))
    body = warehouse.s3.get_object(Bucket=lake.bucket, Key="out/rows_000.csv")["Body"].read().decode()
    assert body.splitlines() == ["said", "it's"]
    warehouse.run("CREATE USER ada PASSWORD DISABLE")
    assert warehouse.refused(unload("ALLOWOVERWRITE"), "ada") == "ERROR: permission denied for schema lake"
    for query in ("SELECT * FROM read_text('/etc/passwd')", "DROP TABLE t", "SELECT 1; SELECT 2"):
        assert warehouse.refused(unload("ALLOWOVERWRITE", query=query)).startswith("ERROR: ")
    elsewhere = unload("ALLOWOVERWRITE").replace(lake.bucket + "/out", "no-such-bucket/out")
    assert "S3ServiceException" in warehouse.refused(elsewhere)
