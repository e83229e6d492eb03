"""What a platform has to install beside the Airflow that it brings."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.dist.sources import lines

AIRFLOW = "apache-airflow"


def beside_airflow(repository: Path) -> list[str]:
    """The lines of requirements.txt without Airflow itself: a platform has its own build of that."""
    wanted = lines((repository / "requirements.txt").read_text())
    return [line for line in wanted if _name(line) != AIRFLOW]


def constraints(repository: Path) -> list[str]:
    """Pins of requirements.lock for the packages that Airflow alone does not bring.

    What Airflow brings is left to the platform, whose own pins (SQLAlchemy's, for one) may differ from ours.
    """
    ours = closure([_name(line) for line in beside_airflow(repository)]) - closure([AIRFLOW])
    return [line for line in lines((repository / "requirements.lock").read_text()) if _name(line) in ours]


def closure(names: Iterable[str]) -> set[str]:
    """These packages and all that they need, as this environment has them installed."""
    found: set[str] = set()
    waiting = [(name, frozenset[str]()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        found.add(name)
        waiting += _needed(name, extras)
    return found


def _needed(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    try:
        declared = requires(name) or []
    except PackageNotFoundError:
        return  # not for this platform
    for requirement in map(Requirement, declared):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def _name(line: str) -> str:
    return canonicalize_name(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0])
