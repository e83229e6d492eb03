"""Forests as the recommender takes them, made up and not trained: they cost what trained ones cost."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np


def stumps(features: Sequence[str], splits: Sequence[tuple[str, float]]) -> bytes:
    """A tree for each split, which gives 1 above the threshold and else 0."""
    count = len(splits)
    inner = 3 * np.arange(count)
    nodes: dict[str, Any] = {
        "feature": np.zeros(3 * count, np.int32),
        "threshold": np.zeros(3 * count),
        "left": np.full(3 * count, -1, np.int32),
        "right": np.full(3 * count, -1, np.int32),
        "value": np.tile([0.0, 0.0, 1.0], count),
    }
    nodes["feature"][inner] = [features.index(name) for name, _ in splits]
    nodes["threshold"][inner] = [threshold for _, threshold in splits]
    nodes["left"][inner], nodes["right"][inner] = inner + 1, inner + 2
    return _file(features, inner, nodes)


def complete(features: Sequence[str], trees: int, depth: int, seed: int = 0) -> bytes:
    """Complete binary trees of random splits near the values that features have."""
    rng = np.random.default_rng(seed)
    size = 2 ** (depth + 1) - 1
    own = np.arange(size)
    is_inner = own < 2**depth - 1
    roots = size * np.arange(trees)
    left = np.where(is_inner, 2 * own + 1, -1)
    nodes = {
        "feature": rng.integers(len(features), size=trees * size).astype(np.int32),
        "threshold": rng.exponential(3.0, trees * size) - 1,
        "left": np.where(left >= 0, left + roots[:, None], -1).ravel().astype(np.int32),
        "right": np.where(left >= 0, left + 1 + roots[:, None], -1).ravel().astype(np.int32),
        "value": rng.random(trees * size),
    }
    return _file(features, roots, nodes)


def _file(features: Sequence[str], roots: Any, nodes: dict[str, Any]) -> bytes:
    """``forest.npz``."""
    buffer = BytesIO()
    importances = np.full(len(features), 1 / len(features))
    np.savez_compressed(buffer, **nodes, roots=roots, features=np.array(features), importances=importances)
    return buffer.getvalue()
