"""What SQL cannot reach: files, settings, the accounts, and what a parameter holds."""

import pytest

NASTY = (
    "'; DROP TABLE t; --",
    "' OR '1'='1",
    "\\'; DROP TABLE t; --",
    "$1 $name :name ? %s {x}",
    "a\nb\tc\r",
    "\u2019\u0000\u202e\U0001f600".replace("\u0000", ""),
    '"; SELECT 1',
    "/* */ -- ",
    "1) OR (1=1",
    "$$; DROP TABLE t; $$",
    "E'\\\\'",
)


@pytest.fixture(scope="module")
def locked(shared):
    shared.run(
        [
            "CREATE TABLE t (v varchar)",
            "CREATE USER ada PASSWORD DISABLE",
            "CREATE USER eve PASSWORD 'Secret-123'",
        ]
    )
    return shared


@pytest.mark.parametrize("value", NASTY)
def test_a_value_stays_a_value_whatever_it_holds(locked, value):
    locked.run(["TRUNCATE t"])
    locked.run("INSERT INTO t VALUES (:value)", values={"value": value})
    assert locked.rows("SELECT v FROM t WHERE v = :value", values={"value": value}) == [(value,)]
    assert locked.rows("SELECT :value::varchar, count(*) FROM t", values={"value": value}) == [(value, 1)]
    found = locked.refused("SELECT 1 WHERE 1 = :value", values={"value": value})
    assert "Could not convert string" in found


def test_values_take_the_type_of_what_they_stand_beside(locked):
    locked.run("CREATE TABLE kinds (n int, day date, at timestamp, share float8)")
    values = {"n": "7", "day": "2026-01-02", "at": "2026-01-02 03:04:05", "share": "0.5"}
    locked.run("INSERT INTO kinds VALUES (:n, :day, :at, :share)", values=values)
    conditions = "n = :n AND day >= :day AND at <= :at AND share = :share"
    assert locked.rows(f"SELECT n, share FROM kinds WHERE {conditions} LIMIT :n", values=values) == [(7, 0.5)]
    assert locked.rows("SELECT ':n', n::varchar FROM kinds -- :day") == [(":n", "7")]


def test_a_name_without_a_value_and_a_value_without_a_name_are_refused(locked):
    assert "doesn't contain parameter. b" in locked.refused("SELECT :a, :b", values={"a": "1"})
    assert "Unused parameters: [b]" in locked.refused("SELECT :a", values={"a": "1", "b": "2"})
    assert "parameters in statements" in locked.refused("DROP USER ada", values={"a": "1"})
    assert "functions in FROM" in locked.refused("SELECT * FROM :t", values={"t": "t"})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('t')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM t, LATERAL read_text('/etc/passwd')",
        "SELECT * FROM TABLE(read_text('/etc/passwd'))",
        "SELECT * FROM duckdb_tables",
        "SELECT * FROM sqlite_master",
        "COPY t TO '/tmp/millrace-copied.csv'",
        "COPY t FROM '/etc/passwd'",
        "EXPORT DATABASE '/tmp/millrace-exported'",
        "ATTACH '/tmp/millrace-attached.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CREATE VIEW v AS SELECT * FROM read_text('/etc/passwd')",
        "CREATE TABLE x AS SELECT * FROM read_text('/etc/passwd')",
        "CREATE MACRO f() AS 1",
        "SELECT 1; SELECT 2",
        "",
        "BEGIN",
        "COMMIT",
        "USE warehouse.pg_millrace",
    ],
)
def test_nothing_but_tables_is_reached(locked, sql):
    assert locked.refused(sql or ";").startswith("ERROR: ")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM warehouse.pg_millrace.users",
        "SELECT * FROM pg_millrace.users",
        "SELECT * FROM dev.pg_millrace.users",
        "UPDATE pg_millrace.users SET superuser = true",
        "INSERT INTO pg_millrace.members VALUES ('a', 'b')",
        "SELECT (SELECT password FROM warehouse.pg_millrace.users)",
        'SELECT extract("day from now()), (select min(id) from warehouse.pg_millrace.users" from now())',
        'SELECT dateadd("day, (select max(password) from warehouse.pg_millrace.users)", 1, now())',
        "SELECT e'\\\\' || password FROM warehouse.pg_millrace.users --'",
        'SELECT "f(1), (select max(password) from warehouse.pg_millrace.users) --"(1)',
    ],
)
def test_the_accounts_are_out_of_reach_even_of_superusers(locked, sql):
    assert locked.refused(sql).startswith("ERROR: ")
    assert locked.refused(sql, "ada").startswith("ERROR: ")


def test_passwords_are_shown_to_nobody(locked):
    rows = locked.rows("SELECT usename, passwd FROM pg_user ORDER BY 1")
    assert rows == [("ada", "********"), ("admin", "********"), ("eve", "********")]
