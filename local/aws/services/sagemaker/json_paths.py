"""The part of JSONPath that batch transform knows, to take a record apart.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators

What a path finds has the form that the library behind SageMaker's documentation gives it
(https://github.com/json-path/JsonPath): one place is its value, several names are an object with these
names, and anything else that may be several places is a list.
"""

import math
from collections.abc import Iterator
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.jsonpath import Child, Fields, Index, JSONPath, Root, Slice, Wildcard
from jsonpath_ng.parser import parse


class PathError(ValueError):
    """A text is no path, or one with operators that SageMaker does not know."""


class NothingFoundError(LookupError):
    """A value has nothing at the places that a path names."""


class JsonPath:
    """A path from the root of a value: ``$``, ``$.id``, ``$['id','score']``, ``$[0,-1]``, ``$[1:]``.

    Raises:
        PathError: the text is none of these.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._path = _parse(text)
        self._steps = list(_steps(self._path))
        several = [step for step in self._steps if _places(step) != 1]
        self._is_one_place = not several
        self._names: tuple[str, ...] = ()
        if names := [step for step in several if isinstance(step, Fields)]:
            if several != [self._steps[-1]]:
                raise PathError("several names come last, and after no other step that finds several places")
            self._names = names[0].fields

    @property
    def is_root(self) -> bool:
        """Whether it is ``$``, which finds the whole value."""
        return not self._steps

    @property
    def is_index_of_row(self) -> bool:
        """Whether it can be applied to a flat list, such as the columns of a CSV row."""
        return self.is_root or (len(self._steps) == 1 and not isinstance(self._steps[0], Fields))

    def find(self, value: Any) -> Any:
        """What is there.

        Raises:
            NothingFoundError: an index is beyond the end, a name is missing, or a slice is empty.
        """
        if self.is_root:
            return value
        found = [match.value for match in self._path.find(value)]
        # A slice and a wildcard may find any number, but something.
        if len(found) < math.prod(_places(step) or 1 for step in self._steps):
            raise NothingFoundError(f"{self.text} finds nothing in {_shown(value)}")
        if self._names:
            return dict(zip(self._names, found, strict=True))
        return found[0] if self._is_one_place else found


def _parse(text: str) -> JSONPath:
    try:
        return parse(text)
    except JSONPathError as error:
        raise PathError(str(error).strip()) from error


def _steps(path: JSONPath) -> Iterator[JSONPath]:
    """From the root outwards."""
    if isinstance(path, Root):
        return
    if not isinstance(path, Child):
        raise PathError("it must begin with $")
    yield from _steps(path.left)
    step = path.right
    if isinstance(step, Slice) and step.step is not None:
        raise PathError("a slice has no step: give [start:end]")
    if not isinstance(step, Fields | Index | Slice | Wildcard):
        raise PathError("the operators are .name, ['name','name'], [0,1], [0:1] and *")
    yield step


def _places(step: JSONPath) -> int:
    """How many places a step leads to from one; 0 for any number."""
    if isinstance(step, Fields):
        return len(step.fields)
    return len(step.indices) if isinstance(step, Index) else 0


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."  # noqa: PLR2004  # enough to recognize it
