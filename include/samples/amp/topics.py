"""What shows are about, and what they are called."""

import json

import numpy as np
import numpy.typing as npt

TOPICS = (
    *("pop", "hiphop", "rock", "country", "latin", "electronic", "rnb", "jazz"),
    *("baseball", "football", "basketball", "soccer", "politics", "news", "comedy", "movies"),
    *("gaming", "technology", "business", "science", "books", "food", "travel", "wellness"),
)
NONE = len(TOPICS)
"""Stands where a show or a profile has fewer than three topics."""
POPULARITY: npt.NDArray[np.float64] = 1 / np.arange(1, NONE + 1) ** 0.6
POPULARITY /= POPULARITY.sum()
PATTERNS = (
    *("{} tonight", "The {} hour", "All about {}", "{}, unplugged", "Fresh {}", "{} & friends"),
    *("Late {}", 'My "{}" diary', "Café {}", "{} from the basement", "Ask me about {}", "Best of {}"),
)
TITLES = tuple(pattern.format(topic) for topic in TOPICS for pattern in PATTERNS)


def packed(topics: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Three topics (n, 3), `NONE` after the last, as one number each."""
    first, second, third = topics.astype(np.int32).T
    code: npt.NDArray[np.int32] = (first * (NONE + 1) + second) * (NONE + 1) + third
    return code


def packed_lists() -> list[bytes]:
    """The JSON array of topics for every number that `packed` gives."""
    names = [*TOPICS, None]
    combinations = ((a, b, c) for a in names for b in names for c in names)
    return [
        json.dumps([name for name in combination if name], separators=(",", ":")).encode()
        for combination in combinations
    ]
