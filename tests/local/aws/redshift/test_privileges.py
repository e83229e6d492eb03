"""Users, groups and grants: who is let see what, and since when no more."""

import pytest

DENIED_SCHEMA = "ERROR: permission denied for schema {}"
DENIED = "ERROR: permission denied for relation {}"


MADE = (
    "CREATE SCHEMA reports",
    "CREATE TABLE reports.flash (day date, listeners int)",
    "INSERT INTO reports.flash VALUES ('2026-01-01', 3)",
    "CREATE GROUP analysts",
    "CREATE USER ada PASSWORD DISABLE IN GROUP analysts",
    "CREATE USER bob PASSWORD DISABLE",
)


@pytest.fixture
def house(warehouse, lake):
    """A schema with a table, the lake beside it, a group that sees nothing yet and two users, ada in it."""
    warehouse.run(list(MADE))
    return warehouse


@pytest.fixture(scope="module")
def locked(shared):
    """The same without a lake, for what changes nothing."""
    shared.run(list(MADE))
    return shared


def test_without_a_grant_nothing_is_read_or_written(house):
    for sql in ("SELECT * FROM reports.flash", "INSERT INTO reports.flash VALUES (NULL, 1)"):
        assert house.refused(sql, "ada") == DENIED_SCHEMA.format("reports")
    assert house.refused("SELECT * FROM lake.session", "ada") == DENIED_SCHEMA.format("lake")
    house.run("GRANT USAGE ON SCHEMA reports TO GROUP analysts")
    for sql in (
        "SELECT * FROM reports.flash",
        "INSERT INTO reports.flash VALUES (NULL, 1)",
        "UPDATE reports.flash SET listeners = 0",
        "DELETE FROM reports.flash",
        "TRUNCATE reports.flash",
    ):
        assert house.refused(sql, "ada") == DENIED.format("flash")
    assert house.refused("SELECT * FROM reports.flash", "bob") == DENIED_SCHEMA.format("reports")
    assert house.rows("SELECT count(*) FROM reports.flash") == [(1,)]


def test_a_group_s_grant_is_its_members_for_as_long_as_they_are_in_it(house):
    house.run("GRANT USAGE ON SCHEMA reports TO GROUP analysts")
    house.run("GRANT SELECT ON ALL TABLES IN SCHEMA reports TO GROUP analysts")
    assert house.rows("SELECT listeners FROM reports.flash", "ada") == [(3,)]
    house.run("ALTER GROUP analysts ADD USER bob")
    assert house.rows("SELECT listeners FROM reports.flash", "bob") == [(3,)]
    house.run("ALTER GROUP analysts DROP USER bob")
    assert house.refused("SELECT listeners FROM reports.flash", "bob") == DENIED_SCHEMA.format("reports")
    house.run("REVOKE SELECT ON reports.flash FROM GROUP analysts")
    assert house.refused("SELECT listeners FROM reports.flash", "ada") == DENIED.format("flash")


def test_a_user_who_is_dropped_is_not_let_in_any_more(house):
    house.run("GRANT USAGE ON SCHEMA lake TO GROUP analysts")
    assert house.rows("SELECT count(*) FROM lake.session", "ada") == [(3,)]
    house.run("DROP USER ada")
    said = 'FATAL: password authentication failed for user "ada"'
    assert house.refused("SELECT count(*) FROM lake.session", "ada") == said
    house.run("CREATE USER ada PASSWORD DISABLE")
    assert house.refused("SELECT count(*) FROM lake.session", "ada") == DENIED_SCHEMA.format("lake")


def test_external_tables_are_granted_with_their_schema_and_not_changed(house):
    house.run("GRANT USAGE ON SCHEMA lake TO ada")
    assert house.rows("SELECT sum(seconds)::bigint FROM lake.session", "ada") == [(60,)]
    assert "not supported on external tables" in house.refused("GRANT SELECT ON lake.session TO ada")
    assert "cannot change external table" in house.refused("DELETE FROM lake.session")
    assert "external schema" in house.refused("CREATE TABLE lake.mine (n int)")


def test_every_relation_of_a_statement_is_asked_about(house):
    house.run(["GRANT USAGE ON SCHEMA reports TO ada", "CREATE TABLE reports.open (n int)"])
    house.run("GRANT ALL ON reports.open TO ada")
    for sql in (
        "SELECT * FROM reports.open, reports.flash",
        "SELECT (SELECT max(listeners) FROM reports.flash)",
        "SELECT * FROM reports.open WHERE n IN (SELECT listeners FROM reports.flash)",
        "WITH flash AS (SELECT * FROM reports.flash) SELECT * FROM flash",
        "SELECT 1 UNION ALL SELECT listeners FROM reports.flash",
        "INSERT INTO reports.open SELECT listeners FROM reports.flash",
        "UPDATE reports.open SET n = f.listeners FROM reports.flash f",
        "DELETE FROM reports.open USING reports.flash f WHERE f.listeners = open.n",
        "CREATE TABLE public.mine AS SELECT * FROM reports.flash",
        "SELECT * FROM reports.open o JOIN reports.flash f ON f.listeners = o.n",
        'SELECT * FROM "REPORTS"."Flash"',
        "SELECT * FROM dev.reports.flash",
        "SELECT EXISTS (SELECT 1 FROM reports.flash)",
    ):
        assert house.refused(sql, "ada") == DENIED.format("flash"), sql
    house.run("INSERT INTO reports.open VALUES (1)", "ada")
    house.run("UPDATE reports.open SET n = 2", "ada")
    house.run("DELETE FROM reports.open", "ada")


def test_a_name_of_with_hides_a_relation_only_where_it_is_seen(house):
    house.run("GRANT USAGE ON SCHEMA public TO ada")
    house.run("CREATE TABLE secret AS SELECT 42 AS n")
    assert house.rows("WITH secret AS (SELECT 1 AS n) SELECT n FROM secret", "ada") == [(1,)]
    for sql in (
        "WITH secret AS (SELECT * FROM secret) SELECT * FROM secret",
        "WITH a AS (SELECT * FROM secret), secret AS (SELECT 1 AS n) SELECT * FROM a",
        "SELECT * FROM secret, (WITH secret AS (SELECT 1 AS n) SELECT * FROM secret) x",
        "WITH secret AS (SELECT 1 AS n) SELECT * FROM public.secret",
    ):
        assert house.refused(sql, "ada") == DENIED.format("secret"), sql
    recursive = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT {} FROM t"
    assert house.rows(recursive.format("sum(n)::int"), "ada") == [(6,)]


def test_who_makes_a_table_owns_it_and_who_owns_something_stays(house):
    house.run("CREATE TABLE mine AS SELECT 1 AS n", "ada")
    assert house.refused("SELECT * FROM mine", "bob") == DENIED.format("mine")
    assert house.refused("DROP TABLE mine", "bob") == "ERROR: must be owner of relation mine"
    house.run("GRANT SELECT ON mine TO bob", "ada")
    assert house.rows("SELECT * FROM mine", "bob") == [(1,)]
    depends = 'ERROR: {} "{}" cannot be dropped because some objects depend on it'
    assert house.refused("DROP USER ada") == depends.format("user", "ada")
    assert house.refused("DROP USER bob") == depends.format("user", "bob")
    house.run("GRANT USAGE ON SCHEMA reports TO GROUP analysts")
    assert house.refused("DROP GROUP analysts") == depends.format("group", "analysts")
    house.run(["DROP TABLE mine", "REVOKE ALL ON SCHEMA reports FROM GROUP analysts", "DROP GROUP analysts"])
    house.run("DROP USER ada, bob")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE USER eve PASSWORD DISABLE", "must be superuser to create users"),
        ("ALTER USER ada CREATEUSER", "must be superuser to alter users"),
        ("DROP USER bob", "must be superuser to drop users"),
        ("CREATE GROUP eves", "must be superuser to create groups"),
        ("ALTER GROUP analysts ADD USER bob", "must be superuser to alter groups"),
        ("GRANT SELECT ON reports.flash TO ada", "must be owner of relation flash"),
        ("GRANT USAGE ON SCHEMA reports TO ada", "must be owner of schema reports"),
        ("REVOKE USAGE ON SCHEMA reports FROM bob", "must be owner of schema reports"),
        ("CREATE SCHEMA mine", "permission denied for database dev"),
        ("DROP SCHEMA reports CASCADE", "must be owner of schema reports"),
        ("CREATE TABLE reports.mine (n int)", "permission denied for schema reports"),
    ],
)
def test_nobody_gives_themselves_more(locked, sql, error):
    assert locked.refused(sql, "ada") == f"ERROR: {error}"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE USER ada PASSWORD DISABLE", 'user "ada" already exists'),
        ("CREATE GROUP analysts", 'group "analysts" already exists'),
        ("CREATE SCHEMA reports", 'schema "reports" already exists'),
        ("CREATE TABLE reports.flash (n int)", 'relation "flash" already exists'),
        ("CREATE SCHEMA pg_ours", 'unacceptable schema name "pg_ours"'),
        ("DROP USER eve", 'user "eve" does not exist'),
        ("ALTER GROUP eves ADD USER ada", 'group "eves" does not exist'),
        ("GRANT USAGE ON SCHEMA nowhere TO ada", 'schema "nowhere" does not exist'),
        ("GRANT SELECT ON reports.nothing TO ada", 'relation "nothing" does not exist'),
        ("GRANT SELECT ON reports.flash TO GROUP eves", 'group "eves" does not exist'),
        ("GRANT USAGE ON reports.flash TO ada", "invalid privilege type USAGE for relation"),
        ("CREATE USER eve PASSWORD 'weak'", "password must be 8 to 64 characters"),
        ("CREATE USER eve", "syntax error at end of input"),
        ("GRANT SELECT ON reports.flash ada", 'syntax error at or near "ada"'),
        ("DROP SCHEMA reports", "schema reports cannot be dropped because other objects depend on it"),
        ("SELECT * FROM nowhere.flash", 'schema "nowhere" does not exist'),
    ],
)
def test_what_cannot_be_is_refused_in_redshift_s_words(locked, sql, error):
    assert locked.refused(sql).startswith(f"ERROR: {error}")


def test_the_catalog_tells_superusers_all_and_others_what_is_theirs(house):
    house.run(["GRANT USAGE ON SCHEMA reports TO GROUP analysts", "GRANT SELECT ON reports.flash TO bob"])
    members = "SELECT usename FROM pg_user, pg_group WHERE usesysid = ANY(grolist) AND groname = 'analysts'"
    assert house.rows(members) == [("ada",)]
    schemas = (
        "SELECT namespace_name, identity_name, identity_type FROM svv_schema_privileges"
        " WHERE identity_type <> 'public' AND privilege_type = 'USAGE'"
    )
    assert house.rows(schemas) == [("reports", "analysts", "group")]
    assert house.rows(schemas, "bob") == []
    relations = "SELECT relation_name, privilege_type, identity_name FROM svv_relation_privileges"
    assert house.rows(relations) == [("flash", "SELECT", "bob")]
    assert house.rows(relations, "ada") == []
    assert house.rows("SELECT schemaname FROM svv_external_schemas") == [("lake",)]
    assert house.rows("SELECT usename, usesuper FROM pg_user ORDER BY 1") == [
        ("ada", False),
        ("admin", True),
        ("bob", False),
    ]
