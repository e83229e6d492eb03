"""Which folders are tables, and which of their folders are partitions. Pure.

A folder is one table where what is below it has one format and schemas that are alike; its folders are then
partitions. Otherwise each of its folders is looked at in the same way. With a ``TableLevelConfiguration`` the
folders of that level are the tables, whatever they hold.

https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import unquote

from local.aws.services.glue.hive_types import merged, similarity
from local.aws.services.glue.objects import Object

ALIKE = 0.7
"""The share of columns that folders of one table have in common."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class DataFile:
    """An object whose schema is known."""

    item: Object
    schema: dict[str, Any]

    @property
    def path(self) -> Path:
        """The bucket and the folders."""
        return tuple(self.item.folder.split("/"))

    @property
    def columns(self) -> dict[str, str]:
        """Hive's types by column; Glue knows no capitals."""
        return {name.lower(): kind for name, kind in self.schema["columns"]}

    @property
    def form(self) -> tuple[str, str]:
        """Format and compression: what files of one table have in common."""
        return self.schema["format"], self.schema["compression"]


@dataclass(frozen=True)
class FoundTable:
    """A folder that is a table: its files, all of one form and at one depth."""

    path: Path
    files: Sequence[DataFile]

    @property
    def keys(self) -> list[str]:
        """The partition keys: of folders ``key=value`` the key, else ``partition_0``, ..."""
        levels = zip(*(file.path[len(self.path) :] for file in self.files), strict=True)
        return [_key(set(names)) or f"partition_{index}" for index, names in enumerate(levels)]

    @property
    def partitions(self) -> dict[tuple[str, ...], list[DataFile]]:
        """Files by the values of the partition keys."""
        found: dict[tuple[str, ...], list[DataFile]] = {}
        for file in self.files:
            found.setdefault(self._values(file), []).append(file)
        return found

    @property
    def columns(self) -> dict[str, str]:
        """Those of all files, without what is a partition key."""
        keys = set(self.keys)
        columns = merged(file.columns for file in self.files)
        return {name: kind for name, kind in columns.items() if name not in keys}

    def _values(self, file: DataFile) -> tuple[str, ...]:
        names = file.path[len(self.path) :]
        keys = self.keys if names else []
        return tuple(
            unquote(name.partition("=")[2]) if name.lower().startswith(f"{key}=") else name
            for key, name in zip(keys, names, strict=True)
        )


def tables(
    files: Iterable[DataFile], include: Path, *, level: int | None = None, combine: bool = False
) -> Iterator[FoundTable]:
    """The tables below an include path.

    Args:
        files: all that was found there.
        include: the path's bucket and folders.
        level: ``TableLevelConfiguration``: at which the tables are, where the bucket is level 1.
        combine: ``TableGroupingPolicy`` is ``CombineCompatibleSchemas``: schemas need not be alike.
    """
    if level is None:
        yield from _grouped(include, list(files), combine=combine)
        return
    deep = sorted((file for file in files if len(file.path) >= level), key=lambda file: file.path[:level])
    for path, below in groupby(deep, key=lambda file: file.path[:level]):
        yield _main_part(path, list(below))


def _grouped(path: Path, files: Sequence[DataFile], *, combine: bool) -> Iterator[FoundTable]:
    if not files:
        return
    if _is_one_table(path, files, combine=combine):
        yield FoundTable(path, files)
        return
    here = [file for file in files if file.path == path]
    if here:
        yield _main_part(path, here)
    below = sorted((file for file in files if file.path != path), key=lambda file: file.path)
    for name, inside in groupby(below, key=lambda file: file.path[len(path)]):
        yield from _grouped((*path, name), list(inside), combine=combine)


def _is_one_table(path: Path, files: Sequence[DataFile], *, combine: bool) -> bool:
    if len({(file.form, len(file.path)) for file in files}) > 1:
        return False
    names = {file.path[len(path)] for file in files if len(file.path) > len(path)}
    if combine or not names or _key(names):
        return True
    whole = merged(file.columns for file in files)
    return all(similarity(schema, whole) >= ALIKE for schema in _schemas(path, files))


def _schemas(path: Path, files: Sequence[DataFile]) -> Iterator[dict[str, str]]:
    """Of each folder directly below a path."""
    ordered = sorted(files, key=lambda file: file.path)
    for _, inside in groupby(ordered, key=lambda file: file.path[len(path)]):
        yield merged(file.columns for file in inside)


def _main_part(path: Path, files: Sequence[DataFile]) -> FoundTable:
    """A table of those files that have the form and depth of most."""
    forms = Counter((file.form, len(file.path)) for file in files)
    form = max(forms, key=lambda known: (forms[known], known))
    return FoundTable(path, [file for file in files if (file.form, len(file.path)) == form])


def _key(names: set[str]) -> str | None:
    """The key of folders ``key=value`` that all have the same one."""
    keys = {name.partition("=")[0].lower() if "=" in name else "" for name in names}
    return next(iter(keys)) or None if len(keys) == 1 else None
