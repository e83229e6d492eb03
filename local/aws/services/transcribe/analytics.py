"""The transcript that a call analytics job writes: turns, and what follows from their times.

https://docs.aws.amazon.com/transcribe/latest/dg/tca-output-batch.html. Loudness, sentiment, issues and
categories are not found out: the lists are empty and the other members are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from local.aws.services.transcribe.results import PUNCTUATION, Item, Segment, confidence, segments

SILENCE_MILLIS = 3000
"""A pause of both participants that counts as non-talk time.

https://docs.aws.amazon.com/connect/latest/adminguide/sentiment-scores.html
"""

Turn = dict[str, Any]
Span = tuple[int, int]


def call(items: Iterable[Item], roles: Mapping[int, str], seconds: float) -> dict[str, Any]:
    """The members that come from what was said.

    Args:
        items: as the engine gives them.
        roles: of the participants, by channel.
        seconds: of the whole call.
    """
    pieces = segments(items)
    turns = [_turn(piece, roles[piece.channel]) for piece in pieces]
    words = dict.fromkeys(roles.values(), 0)
    for piece in pieces:
        words[roles[piece.channel]] += len(piece.words)
    return {
        "Channel": "VOICE",
        "ContentMetadata": {"Output": "Raw"},
        "Participants": [{"ParticipantRole": role} for _, role in sorted(roles.items())],
        "Categories": {"MatchedCategories": [], "MatchedDetails": {}},
        "ConversationCharacteristics": _characteristics(turns, words, round(seconds * 1000)),
        "Transcript": turns,
    }


def _turn(piece: Segment, role: str) -> Turn:
    return {
        "Id": str(uuid4()),
        "ParticipantRole": role,
        "BeginOffsetMillis": _millis(piece.start),
        "EndOffsetMillis": _millis(piece.end),
        "Content": piece.text,
        "LoudnessScores": [],
        "Items": [_item(item) for item in piece.items],
    }


def _item(item: Item) -> dict[str, Any]:
    if item["type"] == PUNCTUATION:
        return {"Type": PUNCTUATION, "Content": item["content"], "Confidence": "0.0"}
    found = {
        "Type": item["type"],
        "BeginOffsetMillis": _millis(item["start"]),
        "EndOffsetMillis": _millis(item["end"]),
        "Content": item["content"],
        "Confidence": confidence(item),
    }
    return found | ({"VocabularyFilterMatch": item["filtered"]} if "filtered" in item else {})


def _characteristics(turns: Sequence[Turn], words: Mapping[str, int], total: int) -> dict[str, Any]:
    talked = {role: sum(_length(t) for t in turns if t["ParticipantRole"] == role) for role in words}
    speed = {
        role: {"AverageWordsPerMinute": round(words[role] * 60_000 / millis)}
        for role, millis in talked.items()
        if millis
    }
    return {
        "TotalConversationDurationMillis": total,
        "TalkTime": {
            "DetailsByParticipant": {role: {"TotalTimeMillis": millis} for role, millis in talked.items()},
            "TotalTimeMillis": sum(talked.values()),
        },
        "NonTalkTime": _spans(_silences(turns, total)),
        "TalkSpeed": {"DetailsByParticipant": speed},
        "Interruptions": _interruptions(turns),
    }


def _silences(turns: Sequence[Turn], total: int) -> list[Span]:
    """Pauses of all participants, those at the beginning and the end too."""
    found, spoken = [], 0
    for begin, end in [*((t["BeginOffsetMillis"], t["EndOffsetMillis"]) for t in turns), (total, total)]:
        if begin - spoken >= SILENCE_MILLIS:
            found.append((spoken, begin))
        spoken = max(spoken, end)
    return found


def _interruptions(turns: Sequence[Turn]) -> dict[str, Any]:
    """Turns that began while the other participant was speaking."""
    by: dict[str, list[Span]] = {}
    for turn in turns:
        begin = turn["BeginOffsetMillis"]
        if any(
            other["ParticipantRole"] != turn["ParticipantRole"]
            and other["BeginOffsetMillis"] < begin < other["EndOffsetMillis"]
            for other in turns
        ):
            by.setdefault(turn["ParticipantRole"], []).append((begin, turn["EndOffsetMillis"]))
    spans = [span for found in by.values() for span in found]
    return {
        "TotalCount": len(spans),
        "TotalTimeMillis": sum(end - begin for begin, end in spans),
        "InterruptionsByInterrupter": {role: _spans(found)["Instances"] for role, found in by.items()},
    }


def _spans(spans: Sequence[Span]) -> dict[str, Any]:
    instances = [
        {"BeginOffsetMillis": begin, "DurationMillis": end - begin, "EndOffsetMillis": end}
        for begin, end in spans
    ]
    return {"Instances": instances, "TotalTimeMillis": sum(end - begin for begin, end in spans)}


def _length(turn: Turn) -> int:
    return int(turn["EndOffsetMillis"] - turn["BeginOffsetMillis"])


def _millis(seconds: float) -> int:
    return round(seconds * 1000)
