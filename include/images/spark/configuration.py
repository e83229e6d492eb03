"""Spark's and Hadoop's configuration files from EMR's classifications.

A classification is a file: ``spark-defaults`` is ``spark-defaults.conf``, ``core-site`` is ``core-site.xml``,
``spark-env`` is a shell file of exports, and so on.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

NAMES = {
    "spark-hive-site": "hive-site.xml",
    "spark-log4j": "log4j2.properties",
    "spark-log4j2": "log4j2.properties",
    "spark-metrics": "metrics.properties",
    "capacity-scheduler": "capacity-scheduler.xml",
    "hadoop-policy": "hadoop-policy.xml",
}
Properties = Mapping[str, str]


def read(path: Path) -> list[dict[str, Any]]:
    """The classifications of a ``configuration.json``; none without the file. Raises ValueError."""
    if not path.is_file():
        return []
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    entries = content if isinstance(content, list) else [content]
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("Classification"), str):
            raise ValueError(  # noqa: TRY004
                f'{path.name} must hold {{"Classification": ..., "Properties": {{...}}}}; it holds {entry!r}.'
            )
    return entries


def write(entries: list[dict[str, Any]], folder: Path, defaults: Mapping[str, Properties]) -> dict[str, str]:
    """Writes a file per classification; returns the variables that its ``*-env`` files export.

    Args:
        entries: as `read` gives them.
        folder: is made if it is missing.
        defaults: properties by classification that a job's own take the place of one by one.
    """
    exports: dict[str, str] = {}
    for entry in entries:
        if _is_environment(entry):
            exports |= _exports(entry)
    folder.mkdir(parents=True, exist_ok=True)
    for name, properties in merged(entries, defaults).items():
        file = folder / _file(name)
        file.write_text(_content(file.suffix, properties))
    lines = [f"export {key}={_quoted(value)}" for key, value in sorted(exports.items())]
    (folder / "spark-env.sh").write_text("\n".join([*lines, ""]))
    return exports


def merged(entries: list[dict[str, Any]], defaults: Mapping[str, Properties]) -> dict[str, dict[str, str]]:
    """The properties that count, by classification: a job's own in the place of the defaults, one by one."""
    found: dict[str, dict[str, str]] = {name: dict(values) for name, values in defaults.items()}
    for entry in entries:
        name = entry["Classification"]
        if _is_environment(entry):
            continue
        own = {key: str(value) for key, value in (entry.get("Properties") or {}).items()}
        if name in ("spark-log4j", "spark-log4j2"):
            # A logging configuration is one piece: half of ours and half of theirs means nothing.
            name = "spark-log4j"
            found[name] = {}
        found.setdefault(name, {}).update(own)
    return found


def _is_environment(entry: Mapping[str, Any]) -> bool:
    return str(entry["Classification"]).endswith("-env")


def _exports(entry: Mapping[str, Any]) -> dict[str, str]:
    """``spark-env`` holds its variables in a nested ``export`` classification; direct ones are taken too."""
    values = dict(entry.get("Properties") or {})
    for nested in entry.get("Configurations") or []:
        if nested.get("Classification") == "export":
            values |= nested.get("Properties") or {}
    return {key: str(value) for key, value in values.items()}


def _file(classification: str) -> str:
    if classification in NAMES:
        return NAMES[classification]
    if classification.endswith("-site"):
        return f"{classification}.xml"
    if classification.endswith("-defaults"):
        return f"{classification}.conf"
    if "-log4j" in classification or classification.endswith("-metrics"):
        return f"{classification}.properties"
    raise ValueError(
        f"Classification {classification!r} is not known: use *-site, *-env, *-log4j, spark-defaults, "
        f"or one of {', '.join(sorted(NAMES))}."
    )


def _content(suffix: str, properties: Properties) -> str:
    if suffix == ".xml":
        items = [
            f"  <property><name>{escape(key)}</name><value>{escape(value)}</value></property>"
            for key, value in sorted(properties.items())
        ]
        return "\n".join(['<?xml version="1.0"?>', "<configuration>", *items, "</configuration>", ""])
    separator = " " if suffix == ".conf" else "="
    return "".join(f"{key}{separator}{value}\n" for key, value in sorted(properties.items()))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
