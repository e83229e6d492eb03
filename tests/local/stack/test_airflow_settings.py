"""``airflow_settings.yaml`` as Airflow's bulk endpoints take it."""

import pytest

from local.stack import airflow_settings
from local.stack.errors import MillraceError


def test_ours_has_the_connection_and_the_pools_that_the_pipelines_name():
    entries = airflow_settings.read(airflow_settings.FILE)
    assert [each["connection_id"] for each in entries["connections"]] == ["aws_default"]
    pools = {each["name"]: each for each in entries["pools"]}
    assert set(pools) == {"lake", "spark", "training"}
    assert all(each["include_deferred"] for each in pools.values())


def test_all_fields_of_the_format(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text(
        """
airflow:
  connections:
    - {conn_id: db, conn_type: postgres, conn_host: h, conn_schema: s, conn_login: l,
       conn_password: p, conn_port: 5432, conn_extra: {sslmode: require}}
    - {conn_id: plain, conn_type: http, conn_extra: '{"a": 1}'}
  pools: [{pool_name: few, pool_slot: 3, pool_description: some}]
  variables: [{variable_name: limit, variable_value: 7}]
"""
    )
    assert airflow_settings.read(file) == {
        "connections": [
            {
                "connection_id": "db",
                "conn_type": "postgres",
                "host": "h",
                "schema": "s",
                "login": "l",
                "password": "p",
                "port": 5432,
                "extra": '{"sslmode": "require"}',
            },
            {"connection_id": "plain", "conn_type": "http", "extra": '{"a": 1}'},
        ],
        "pools": [{"name": "few", "slots": 3, "description": "some", "include_deferred": False}],
        "variables": [{"key": "limit", "value": 7}],
    }


@pytest.mark.parametrize(
    "text", ["", "airflow:", "airflow: {pools: []}", "airflow: {pools: [{pool_name: , pool_slot: }]}"]
)
def test_what_is_empty_is_left_out(tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    assert airflow_settings.read(file) == {"connections": [], "pools": [], "variables": []}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("airflow: [", "cannot be read"),
        ("- a", "cannot be read"),
        ("airflow: {pools: [{pool_name: few}]}", "lacks pool_slot"),
        ("airflow: {connections: [{conn_id: db}]}", "lacks conn_type"),
    ],
)
def test_another_format_is_refused_with_the_file_and_the_reason(tmp_path, text, expected):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(MillraceError, match=f"settings.yaml.*{expected}|{expected}"):
        airflow_settings.read(file)
