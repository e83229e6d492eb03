"""Connections, pools and variables of ``airflow_settings.yaml``, the format of Astronomer's CLI."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.stack.airflow_api import AirflowApi
from local.stack.config import REPOSITORY
from local.stack.errors import MillraceError

FILE = REPOSITORY / "airflow_settings.yaml"
Entity = dict[str, Any]


def load(api: AirflowApi, file: Path = FILE) -> None:
    """Make what the file lists, or overwrite it; loading twice changes nothing.

    Raises:
        MillraceError: the file is not of the format, or Airflow refuses an entry.
    """
    for path, entities in read(file).items():
        if not entities:
            continue
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        answer = api.call("PATCH", f"/{path}", json={"actions": [action]})
        errors = (answer.get("create") or {}).get("errors", [])
        if errors:
            raise MillraceError(f"Airflow refuses {path} of {file.name}: {errors[0].get('error', errors[0])}")


def read(file: Path) -> dict[str, list[Entity]]:
    """The file's entries as the API's bulk endpoints take them."""
    try:
        content = yaml.safe_load(file.read_text()) or {}
        section = content.get("airflow") or {}
        return {
            "connections": _entities(section.get("connections"), _connection),
            "pools": _entities(section.get("pools"), _pool),
            "variables": _entities(section.get("variables"), _variable),
        }
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise MillraceError(f"{file} cannot be read as Airflow settings: {error}") from error
    except KeyError as error:
        raise MillraceError(f"An entry of {file} lacks {error.args[0]}: add it.") from error


def _entities(rows: Iterable[Entity] | None, convert: Callable[[Entity], Entity]) -> list[Entity]:
    # Astronomer's template has rows with empty names, as places to fill in.
    return [convert(row) for row in rows or [] if next(iter(row.values()), None)]


def _connection(row: Mapping[str, Any]) -> Entity:
    extra = row.get("conn_extra")
    entity = {
        "connection_id": row["conn_id"],
        "conn_type": row["conn_type"],
        "host": row.get("conn_host"),
        "schema": row.get("conn_schema"),
        "login": row.get("conn_login"),
        "password": row.get("conn_password"),
        "port": row.get("conn_port"),
        "extra": json.dumps(extra) if isinstance(extra, dict) else extra,
    }
    return {name: value for name, value in entity.items() if value not in (None, "")}


def _pool(row: Mapping[str, Any]) -> Entity:
    return {
        "name": row["pool_name"],
        "slots": int(row["pool_slot"]),
        "description": row.get("pool_description") or "",
        "include_deferred": bool(row.get("pool_include_deferred", False)),
    }


def _variable(row: Mapping[str, Any]) -> Entity:
    return {"key": row["variable_name"], "value": row.get("variable_value")}
