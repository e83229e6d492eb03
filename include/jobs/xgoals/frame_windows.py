"""The frames of DFL's positions near some moments: one in thirty of a match."""

import gzip
import io
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import IO

from lxml import etree

from motion import FRAME_RATE

FIRST_FRAMES = {
    "firstHalf": (1, 10_000),
    "secondHalf": (2, 100_000),
    "firstHalfExtra": (3, 200_000),
    "secondHalfExtra": (4, 250_000),
}
"""Section -> kloppy's number of the period, and the number of the frame at its kick-off."""
AROUND_SECONDS = 1.5
"""Before and after a moment."""
KICK_OFF = 2
"""Frames at a kick-off that are kept: by the first one kloppy sees who plays in which direction."""


def near(positions: Path, moments: Iterable[tuple[int, timedelta]]) -> IO[bytes]:
    """The same document with only the frames near moments and those at the kick-offs.

    Read as a stream: of what is left out, nothing stays in memory.

    Args:
        positions: the XML, may be compressed by gzip.
        moments: period and time since its kick-off.

    Raises:
        lxml.etree.XMLSyntaxError: it is not whole, or not XML.
        ValueError: a frame has no number.
    """
    wanted = wanted_frames(moments)
    root = etree.Element("PutDataRequest")
    document = etree.SubElement(root, "Positions")
    target, chosen = document, set[int]()
    with (gzip.open if positions.suffix == ".gz" else open)(positions, "rb") as source:
        tags = ("FrameSet", "Frame")
        for event, node in etree.iterparse(source, events=("start", "end"), tag=tags, resolve_entities=False):
            if node.tag == "FrameSet" and event == "start":
                target = etree.SubElement(document, "FrameSet", dict(node.attrib))
                chosen = wanted.get(node.get("GameSection", ""), set())
            elif event == "end":
                if node.tag == "Frame" and int(node.get("N", "")) in chosen:
                    etree.SubElement(target, "Frame", dict(node.attrib))
                _forget(node)
    return io.BytesIO(etree.tostring(root))


def wanted_frames(moments: Iterable[tuple[int, timedelta]]) -> dict[str, set[int]]:
    """Numbers of frames by section.

    >>> sorted(wanted_frames([(1, timedelta(seconds=60))])["firstHalf"])[:4]
    [10000, 10001, 11462, 11463]
    """
    wanted = {section: set(range(first, first + KICK_OFF)) for section, (_, first) in FIRST_FRAMES.items()}
    sections = {period: section for section, (period, _) in FIRST_FRAMES.items()}
    for period, time in moments:
        if section := sections.get(period):
            first = FIRST_FRAMES[section][1] + (time.total_seconds() - AROUND_SECONDS) * FRAME_RATE
            wanted[section] |= set(range(round(first), round(first + 2 * AROUND_SECONDS * FRAME_RATE) + 1))
    return wanted


def _forget(node: "etree._Element") -> None:
    """Else the document grows in memory as it is read."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]
