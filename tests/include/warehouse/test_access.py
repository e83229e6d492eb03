"""Items of the access table: what they ask for, and the sentence for one that breaks a rule."""

import json

import pytest

from include.warehouse.access import access
from local.stack.warehouse import ITEMS

SAMPLE = json.loads(ITEMS.read_text())
SMALL = (
    {"kind": "schema", "name": "amp", "catalog": "amp"},
    {"kind": "schema", "name": "drafts"},
    {"kind": "group", "name": "analysts"},
    {"kind": "user", "name": "ada", "groups": {"analysts"}},
    {"kind": "grant", "name": "1", "group": "analysts", "schema": "amp", "privileges": ["USAGE"]},
)


def database(subject):
    return f"millrace_test_{subject}"


def test_items_say_who_may_do_what():
    found = access(SMALL, database)
    assert found.schemas == {"amp": "millrace_test_amp", "drafts": None}
    assert found.members("analysts") == {"ada"}
    assert found.users["ada"].password
    assert found.grants["analysts", "amp"].privileges == {"USAGE"}


def test_what_a_laptop_begins_with_is_consistent():
    found = access(SAMPLE, database)
    assert "millrace_reports" in found.members("reporting")
    assert not found.users["millrace_reports"].password


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"kind": "user", "name": 'ada"; DROP TABLE t; --'}, "name: a name is 1 to 63 characters"),
        ({"kind": "user", "name": "Ada"}, "item user/Ada: name: a name is 1 to 63 characters"),
        ({"kind": "group", "name": "pg_all"}, "item group/pg_all: name: the name is Redshift's own"),
        ({"kind": "schema", "name": "public"}, "item schema/public: name: the name is Redshift's own"),
        (
            {"kind": "schema", "name": "lake", "catalog": "x'y"},
            "item schema/lake: catalog: String should match",
        ),
        ({"kind": "user", "name": "eve", "group": "analysts"}, "item user/eve: group: Extra inputs"),
        ({"kind": "user", "name": "eve", "groups": ["nobody"]}, "there is no item group/nobody"),
        ({"kind": "role", "name": "eve"}, "item role/eve: Input tag 'role'"),
        ({"name": "eve"}, r"item \?/eve: Unable to extract tag"),
        (
            {"kind": "grant", "name": "2", "group": "nobody", "schema": "amp", "privileges": ["USAGE"]},
            "item grant/2: group: there is no item group/nobody",
        ),
        (
            {"kind": "grant", "name": "2", "group": "analysts", "schema": "x", "privileges": ["USAGE"]},
            "item grant/2: schema: there is no item schema/x",
        ),
        (
            {"kind": "grant", "name": "2", "group": "analysts", "schema": "amp", "privileges": ["USAGE"]},
            "item grant/1: group analysts has its privileges on schema amp by item grant/2 already",
        ),
        (
            {"kind": "grant", "name": "2", "group": "analysts", "schema": "drafts", "privileges": ["ALL"]},
            "item grant/2: privileges.0: Input should be 'USAGE' or 'CREATE'",
        ),
        (
            {"kind": "grant", "name": "2", "group": "analysts", "schema": "drafts", "privileges": []},
            "item grant/2: privileges: Frozenset should have at least 1 item",
        ),
        (
            {
                "kind": "grant",
                "name": "2",
                "group": "analysts",
                "schema": "drafts",
                "privileges": ["CREATE"],
                "tables": ["SELECT"],
            },
            "item grant/2: tables: they take the privilege USAGE",
        ),
    ],
)
def test_an_item_that_breaks_a_rule_is_named_with_the_rule(item, said):
    with pytest.raises(ValueError, match=said):
        access((*SMALL, item), database)


def test_an_external_schema_is_only_read():
    grant = {**SMALL[4], "privileges": ["USAGE", "CREATE"]}
    with pytest.raises(ValueError, match="schema amp is an external one: USAGE is the one privilege"):
        access((*SMALL[:4], grant), database)


def test_an_empty_table_locks_nobody_out():
    with pytest.raises(ValueError, match="the access table has no item"):
        access([], database)
