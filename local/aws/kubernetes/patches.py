"""Patches: a list of operations, or a document whose members replace those of the object.

https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
"""

from typing import Any

import jsonpatch

from local.aws.kubernetes.statuses import BadRequestError, InvalidError, Json, UnsupportedMediaTypeError

OPERATIONS = "application/json-patch+json"
MERGE = ("application/merge-patch+json", "application/strategic-merge-patch+json")
"""A strategic one is another for lists that have keys only; for labels and the like it is the same."""


def patched(thing: Json, patch: Any, content_type: str) -> Json:
    """The object after a patch.

    Raises:
        UnsupportedMediaTypeError: a patch in another format.
        BadRequestError: it is no patch.
        InvalidError: it does not fit the object.
    """
    media = content_type.partition(";")[0].strip()
    if media == OPERATIONS:
        try:
            changed: Json = jsonpatch.apply_patch(thing, patch)
        except (jsonpatch.JsonPatchConflict, jsonpatch.JsonPatchTestFailed) as error:
            raise InvalidError(
                f"the server rejected our request due to an error in our request: {error}"
            ) from error
        except (jsonpatch.JsonPatchException, TypeError) as error:
            raise BadRequestError(f"error decoding patch: {error}") from error
        return changed
    if media in MERGE:
        if not isinstance(patch, dict):
            raise BadRequestError("error decoding patch: a merge patch is an object")
        merged: Json = merge(thing, patch)
        return merged
    raise UnsupportedMediaTypeError(
        f"the body of the request was in an unknown format - accepted media types include: {OPERATIONS}, "
        f"{', '.join(MERGE)}"
    )


def merge(thing: Any, patch: Any) -> Any:
    """A JSON merge patch: members replace, null removes.

    https://www.rfc-editor.org/rfc/rfc7396

    >>> merge({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}, "e": {"f": None}})
    {'b': {'c': 4, 'd': 3}, 'e': {}}
    """
    if not isinstance(patch, dict):
        return patch
    result = dict(thing) if isinstance(thing, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result
