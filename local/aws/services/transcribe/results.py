"""The transcript that a transcription job writes.

https://docs.aws.amazon.com/transcribe/latest/dg/how-input.html#how-it-works-output (``results`` with
``items`` and ``audio_segments``), https://docs.aws.amazon.com/transcribe/latest/dg/channel-id.html
(``channel_labels``), https://docs.aws.amazon.com/transcribe/latest/dg/how-alternatives.html (``segments``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Item = Mapping[str, Any]
"""As the engine gives it: channel, type, start, end, content, confidence, alternatives; times in seconds."""

PUNCTUATION = "punctuation"


@dataclass(frozen=True)
class Segment:
    """Words of one channel up to a punctuation mark, which is the last item, or to the end."""

    channel: int
    items: Sequence[Item]

    @property
    def words(self) -> list[Item]:
        """All but the punctuation."""
        return [item for item in self.items if item["type"] != PUNCTUATION]

    @property
    def start(self) -> float:
        """Seconds at which the first word begins."""
        return float(self.items[0]["start"])

    @property
    def end(self) -> float:
        """Seconds at which the last word ends."""
        return max((float(word["end"]) for word in self.words), default=self.start)

    @property
    def text(self) -> str:
        """What was said."""
        return text(self.items)


def segments(items: Iterable[Item]) -> list[Segment]:
    """What is said, in the order in which the pieces begin; those of two channels may overlap."""
    by_channel = sorted(items, key=lambda item: int(item["channel"]))
    found = [
        Segment(channel, piece)
        for channel, said in groupby(by_channel, key=lambda item: int(item["channel"]))
        for piece in _pieces(list(said))
    ]
    return sorted(found, key=lambda segment: segment.start)


def _pieces(items: Sequence[Item]) -> list[list[Item]]:
    """Punctuation without a word before it, which a filter may leave, is left out."""
    pieces: list[list[Item]] = []
    piece: list[Item] = []
    for item in items:
        if item["type"] != PUNCTUATION:
            piece.append(item)
        elif piece:
            pieces.append([*piece, item])
            piece = []
    return [*pieces, piece] if piece else pieces


def text(items: Iterable[Item]) -> str:
    """The words with blanks between them and punctuation at the word before it."""
    joined = "".join(
        item["content"] if item["type"] == PUNCTUATION else f" {item['content']}" for item in items
    )
    return joined.strip()


def document(name: str, account: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The whole file."""
    return {"jobName": name, "accountId": account, "status": "COMPLETED", "results": found}


def results(items: Iterable[Item], *, separate_channels: bool, alternatives: int = 1) -> dict[str, Any]:
    """The ``results`` member.

    Args:
        items: as the engine gives them.
        separate_channels: whether items say their channel.
        alternatives: most transcripts that a segment has; 1 for no ``segments`` at all.
    """
    pieces = segments(items)
    written: list[dict[str, Any]] = []
    spoken: list[dict[str, Any]] = []
    for piece in pieces:
        first = len(written)
        written += [_item(first + n, item, labelled=separate_channels) for n, item in enumerate(piece.items)]
        spoken.append(_audio_segment(len(spoken), piece, range(first, len(written)), separate_channels))
    found: dict[str, Any] = {"transcripts": [{"transcript": " ".join(piece.text for piece in pieces)}]}
    if separate_channels:
        found["channel_labels"] = _channel_labels(written)
    if alternatives > 1:
        found["segments"] = [_alternatives(piece, alternatives) for piece in pieces]
    return found | {"items": written, "audio_segments": spoken}


def _item(number: int, item: Item, *, labelled: bool) -> dict[str, Any]:
    word = item["type"] != PUNCTUATION
    best = {"confidence": confidence(item) if word else "0.0", "content": item["content"]}
    found = {"id": number, "type": item["type"], "alternatives": [best]}
    if word:
        found |= {"start_time": seconds(item["start"]), "end_time": seconds(item["end"])}
    if labelled:
        found["channel_label"] = f"ch_{item['channel']}"
    if "filtered" in item:
        found["vocabularyFilterMatch"] = item["filtered"]
    return found


def _audio_segment(number: int, piece: Segment, items: range, labelled: bool) -> dict[str, Any]:
    label = {"channel_label": f"ch_{piece.channel}"} if labelled else {}
    return {
        "id": number,
        "transcript": piece.text,
        "start_time": seconds(piece.start),
        "end_time": seconds(piece.end),
        **label,
        "items": list(items),
    }


def _channel_labels(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    labels = ("ch_0", "ch_1")
    channels = [
        {"channel_label": label, "items": [item for item in items if item["channel_label"] == label]}
        for label in labels
    ]
    return {"channels": channels, "number_of_channels": len(labels)}


def _alternatives(piece: Segment, most: int) -> dict[str, Any]:
    """The best reading and those that differ from it in one word, the most likely ones first."""
    readings = [piece.items, *(reading for _, reading in _variants(piece))][:most]
    return {
        "start_time": seconds(piece.start),
        "end_time": seconds(piece.end),
        "alternatives": [{"transcript": text(r), "items": [_reading_item(i) for i in r]} for r in readings],
    }


def _variants(piece: Segment) -> list[tuple[float, list[Item]]]:
    """Readings with how much likelihood the other word costs, cheapest first."""
    found = [
        (float(item["confidence"]) - float(other["confidence"]), at, item | other)
        for at, item in enumerate(piece.items)
        for other in item.get("alternatives") or []
        if other["content"] != item["content"]
    ]
    return [
        (cost, [*piece.items[:at], other, *piece.items[at + 1 :]])
        for cost, at, other in sorted(found, key=lambda variant: variant[0])
    ]


def _reading_item(item: Item) -> dict[str, Any]:
    if item["type"] == PUNCTUATION:
        return {"type": PUNCTUATION, "content": item["content"], "confidence": "0.0"}
    return {
        "start_time": seconds(item["start"]),
        "end_time": seconds(item["end"]),
        "type": item["type"],
        "content": item["content"],
        "confidence": confidence(item),
    }


def seconds(value: float) -> str:
    """As transcripts write times.

    >>> seconds(0.5)
    '0.50'
    """
    return f"{value:.2f}"


def confidence(item: Item) -> str:
    """As transcripts write it, from 0 to 1."""
    return f"{item['confidence']:.4f}"
