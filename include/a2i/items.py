"""What people are asked about: a JSON list of ``{"id": text, "input": object}``."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_INPUT_BYTES = 3 * 1024 * 1024
"""https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_HumanLoopInput.html"""


@dataclass(frozen=True)
class Item:
    """One task for people; ``input`` is what the template sees as ``task.input``."""

    id: str
    input: dict[str, Any]

    def content(self) -> str:
        """The input as a human loop takes it."""
        return json.dumps(self.input, ensure_ascii=False)


def parse_items(document: Any) -> Sequence[Item]:
    """The items of a document.

    Raises:
        ValueError: it is not a list of objects with a text ``id`` and an object ``input``, an id comes twice,
            or an input is larger than a human loop takes.
    """
    if not isinstance(document, list):
        raise ValueError(f"items are a list, not {document!r:.200}")  # noqa: TRY004  # bad input, not a bug
    items = [_item(position, each) for position, each in enumerate(document)]
    for identity, times in Counter(item.id for item in items).items():
        if times > 1:
            raise ValueError(f"the id {identity!r} comes {times} times; every item needs one of its own")
    return items


def _item(position: int, each: Any) -> Item:
    identity, given = (each.get("id"), each.get("input")) if isinstance(each, dict) else (None, None)
    if not isinstance(identity, str) or not identity or not isinstance(given, dict):
        raise ValueError(
            f'item {position} is not of the form {{"id": "text", "input": {{...}}}}: {each!r:.200}'
        )
    item = Item(identity, given)
    if (size := len(item.content().encode())) > MAX_INPUT_BYTES:
        raise ValueError(
            f"the input of {identity!r} is {size} bytes, over the {MAX_INPUT_BYTES} of a human loop"
        )
    return item
