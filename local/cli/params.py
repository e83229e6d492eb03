"""Params of a run, from the command line to what the DAG declares."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.stack.airflow_api import AirflowRefusedError, Json
from local.stack.errors import MillraceError

INPUT = "input_uri"
S3 = "^s3://"
"""With this the patterns of Params begin that take S3 URIs."""
BAD_REQUEST = (400, 422)


def split(pairs: Sequence[str]) -> dict[str, str]:
    """Names and unparsed values of ``k=v`` words.

    Raises:
        MillraceError: a word has no name or no ``=``, or a name comes twice.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise MillraceError(
                f"--param {pair!r} is not of the form name=value, as in --param num_round=200."
            )
        if name in values:
            raise MillraceError(f"--param {name} is given twice: give it once.")
        values[name] = value
    return values


def conf(values: Mapping[str, str], dag: Json) -> dict[str, Any]:
    """The values as the DAG's Params take them.

    Raises:
        MillraceError: the DAG has no Param of a name.
    """
    declared = dag.get("params") or {}
    unknown = [name for name in values if name not in declared]
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise MillraceError(f"{dag['dag_id']} has no Param {unknown[0]!r}. Its Params: {known}.")
    return {name: parse(value, declared[name].get("schema") or {}) for name, value in values.items()}


def parse(text: str, schema: Mapping[str, Any]) -> Any:
    """A value as JSON where it is JSON and the Param takes more than strings, else the text itself."""
    types = schema.get("type")
    if types == "string":
        return text
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def files(conf: Mapping[str, Any], dag: Json) -> dict[str, Path]:
    """Of the Params that take S3 URIs, those that name something else: files of this machine."""
    declared = dag.get("params") or {}
    return {
        name: Path(value)
        for name, value in conf.items()
        if isinstance(value, str) and _takes_uris_and_not(value, declared[name].get("schema") or {})
    }


def require_input(dag: Json) -> None:
    """Raises MillraceError for a DAG that takes no input file."""
    if INPUT not in (dag.get("params") or {}):
        raise MillraceError(f"{dag['dag_id']} has no Param {INPUT}, so it takes no --input.")


def refusal(error: AirflowRefusedError) -> MillraceError:
    """Airflow's answer to a value that a Param's schema refuses, as one sentence."""
    if error.status not in BAD_REQUEST:
        return error
    # The first line says which Param, value and bound; what follows repeats the schema.
    sentence = error.detail.splitlines()[0].removeprefix("Invalid input for param ")
    return MillraceError(f"Param {sentence.rstrip('.')}." if sentence != error.detail else str(error))


def _takes_uris_and_not(value: str, schema: Mapping[str, Any]) -> bool:
    pattern = schema.get("pattern") or ""
    takes_uris = pattern.startswith(S3)
    return takes_uris and value != "" and not value.startswith("s3://") and not re.search(pattern, value)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
