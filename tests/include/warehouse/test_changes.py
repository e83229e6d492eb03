"""From what there is to what shall be: which statements, in which order, and none the second time."""

import pytest

from include.warehouse.access import access
from include.warehouse.changes import changes
from include.warehouse.identifiers import identifier, literal
from include.warehouse.state import QUERIES, SchemaGrant, State, TableGrant, state

ROLE = "arn:aws:iam::123456789012:role/warehouse"
ITEMS = (
    {"kind": "schema", "name": "amp", "catalog": "amp"},
    {"kind": "schema", "name": "drafts"},
    {"kind": "group", "name": "analysts"},
    {"kind": "user", "name": "ada", "groups": ["analysts"]},
    {"kind": "user", "name": "grace"},
    {"kind": "grant", "name": "1", "group": "analysts", "schema": "amp", "privileges": ["USAGE"]},
    {
        "kind": "grant",
        "name": "2",
        "group": "analysts",
        "schema": "drafts",
        "privileges": ["USAGE"],
        "tables": ["SELECT"],
    },
)
NEW = State(
    users={"awsuser": True, "rdsdb": True},
    groups={},
    schemas={"public": None, "pg_catalog": None},
    tables={},
    schema_grants=frozenset({SchemaGrant("public", "CREATE", "public", "public")}),
    table_grants=frozenset(),
)
AS_WANTED = State(
    users={"awsuser": True, "ada": False, "grace": False, "IAMR:people": False},
    groups={"analysts": frozenset({"ada"})},
    schemas={"public": None, "amp": "test_amp", "drafts": None},
    tables={"drafts": frozenset({"t"})},
    schema_grants=frozenset({
        SchemaGrant("amp", "USAGE", "group", "analysts"),
        SchemaGrant("drafts", "USAGE", "group", "analysts"),
        SchemaGrant("drafts", "USAGE", "role", "sys:monitor"),
        SchemaGrant("drafts", "CREATE", "user", "awsuser"),
    }),
    table_grants=frozenset({
        TableGrant("drafts", "t", "SELECT", "group", "analysts"),
        TableGrant("drafts", "t", "INSERT", "user", "ada"),
    }),
)  # fmt: skip


def found(items=ITEMS, now=AS_WANTED):
    return changes(access(items, lambda subject: f"test_{subject}"), now, ROLE)


def without(*names):
    return tuple(item for item in ITEMS if item["name"] not in names)


def with_(now=AS_WANTED, **more):
    return State(**{**vars(now), **more})


def test_from_nothing_everything_is_made_before_it_is_named():
    made = found(now=NEW)
    assert made.batches() == [
        [
            f"CREATE EXTERNAL SCHEMA \"amp\" FROM DATA CATALOG DATABASE 'test_amp' IAM_ROLE '{ROLE}'",
            'CREATE SCHEMA "drafts"',
            'CREATE GROUP "analysts"',
            'CREATE USER "ada" PASSWORD DISABLE',
            'CREATE USER "grace" PASSWORD DISABLE',
            'ALTER GROUP "analysts" ADD USER "ada"',
            'GRANT USAGE ON SCHEMA "amp" TO GROUP "analysts"',
            'GRANT USAGE ON SCHEMA "drafts" TO GROUP "analysts"',
        ]
    ]
    assert made.created == ("ada", "grace")


def test_where_nothing_differs_nothing_is_done():
    assert found().batches() == []


def test_who_is_removed_loses_access_before_anything_else_and_is_dropped_at_last():
    now = with_(
        users={**AS_WANTED.users, "eve": False},
        groups={"analysts": frozenset({"ada", "eve"})},
        schema_grants=AS_WANTED.schema_grants | {SchemaGrant("drafts", "USAGE", "user", "eve")},
        table_grants=AS_WANTED.table_grants | {TableGrant("drafts", "t", "SELECT", "user", "eve")},
    )
    made = found(now=now)
    assert made.batches() == [
        [
            'ALTER USER "eve" PASSWORD DISABLE',
            'ALTER GROUP "analysts" DROP USER "eve"',
            'REVOKE USAGE ON SCHEMA "drafts" FROM "eve"',
            'REVOKE SELECT ON TABLE "drafts"."t" FROM "eve"',
        ],
        ['DROP USER "eve"'],
    ]
    assert made.removed == ("eve",)


def test_who_leaves_a_group_stays_a_user():
    items = (*without("ada"), {"kind": "user", "name": "ada"})
    assert found(items).batches() == [['ALTER GROUP "analysts" DROP USER "ada"']]


def test_a_group_that_goes_loses_its_privileges_first():
    items = (*without("analysts", "ada", "1", "2"), {"kind": "user", "name": "ada"})
    assert found(items).batches() == [
        [
            'REVOKE USAGE ON SCHEMA "amp" FROM GROUP "analysts"',
            'REVOKE USAGE ON SCHEMA "drafts" FROM GROUP "analysts"',
            'REVOKE SELECT ON TABLE "drafts"."t" FROM GROUP "analysts"',
        ],
        ['DROP GROUP "analysts"'],
    ]


def test_a_grant_made_beside_the_table_goes():
    extra = {
        SchemaGrant("drafts", "CREATE", "group", "analysts"),
        SchemaGrant("drafts", "USAGE", "user", "grace"),
    }
    now = with_(schema_grants=AS_WANTED.schema_grants | extra)
    assert found(now=now).batches() == [
        [
            'REVOKE CREATE ON SCHEMA "drafts" FROM GROUP "analysts"',
            'REVOKE USAGE ON SCHEMA "drafts" FROM "grace"',
        ]
    ]


def test_a_new_table_is_granted_with_its_schema():
    now = with_(tables={"drafts": frozenset({"t", "new"})})
    assert found(now=now).batches() == [['GRANT SELECT ON ALL TABLES IN SCHEMA "drafts" TO GROUP "analysts"']]


def test_an_external_schema_that_shows_another_database_is_made_and_granted_anew():
    now = with_(schemas={**AS_WANTED.schemas, "amp": "former"})
    [batch] = found(now=now).batches()
    assert batch[0] == 'DROP SCHEMA "amp"'
    assert batch[1].startswith('CREATE EXTERNAL SCHEMA "amp"')
    assert batch[2] == 'GRANT USAGE ON SCHEMA "amp" TO GROUP "analysts"'


def test_a_schema_that_goes_is_dropped_only_where_no_data_go_with_it():
    now = with_(schemas={**AS_WANTED.schemas, "old": None, "old_lake": "millrace_old"})
    assert found(now=now).batches() == [['DROP SCHEMA "old_lake"']]


def test_many_changes_are_several_transactions():
    users = tuple({"kind": "user", "name": f"user_{number:03}"} for number in range(100))
    batches = found((*ITEMS, *users)).batches()
    assert [len(batch) for batch in batches] == [40, 40, 20]


def test_names_that_the_database_tells_are_quoted_whatever_they_are():
    now = with_(users={**AS_WANTED.users, 'a"; DROP SCHEMA x; --': False})
    assert found(now=now).dropping == ('DROP USER "a""; DROP SCHEMA x; --"',)
    with pytest.raises(ValueError, match="zero byte"):
        identifier("a\0")
    with pytest.raises(ValueError, match="backslash"):
        literal("a\\' OR true")


def test_a_privilege_that_is_no_word_is_refused():
    now = with_(schema_grants=AS_WANTED.schema_grants | {SchemaGrant("drafts", "A; B", "group", "analysts")})
    with pytest.raises(ValueError, match="'A; B' is no word"):
        found(now=now)


def test_the_state_is_read_from_rows_in_the_order_of_the_queries():
    rows = [
        [("awsuser", True), ("ada", False)],
        [("analysts",), ("empty",)],
        [("analysts", "ada")],
        [("public", None), ("amp", "test_amp")],
        [("public", "t")],
        [("amp", "USAGE", "group", "analysts")],
        [("public", "t", "SELECT", "user", "ada")],
    ]
    assert len(rows) == len(QUERIES)
    made = state(rows)
    assert made.users == {"awsuser": True, "ada": False}
    assert made.groups == {"analysts": {"ada"}, "empty": frozenset()}
    assert made.schemas == {"public": None, "amp": "test_amp"}
    assert made.tables == {"public": {"t"}}
    assert made.schema_grants == {SchemaGrant("amp", "USAGE", "group", "analysts")}
    assert made.table_grants == {TableGrant("public", "t", "SELECT", "user", "ada")}
