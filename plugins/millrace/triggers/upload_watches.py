"""Who waits for which uploads: the watchers of this process, and those of other triggerers."""

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

TAG = "millrace:watched:"
"""Tag of the uploads queue with a watched prefix; its value is when that was last said, as a Unix time."""
SAID_EVERY_SECONDS = 300.0
STALE_AFTER_SECONDS = 900.0
TAG_LENGTH = 128
"""What AWS allows a tag's key."""


@dataclass(frozen=True)
class Watch:
    """The keys that one watcher wants."""

    prefix: str
    suffix: str | None = None

    def wants(self, key: str) -> bool:
        """Whether a key is one of them."""
        return key.startswith(self.prefix) and key.endswith(self.suffix or "")


class UploadWatches:
    """The watches that share one queue.

    Airflow spreads watchers over its triggerers, while all triggerers read one queue. So that a
    triggerer can tell what nobody wants from what a watcher elsewhere wants, each one says by tags
    of the queue which prefixes it watches. AWS allows a queue 50 tags.
    """

    _of: ClassVar[dict[Hashable, "UploadWatches"]] = {}

    def __init__(self) -> None:
        self._here: list[Watch] = []
        self._said: frozenset[Watch] = frozenset()
        self._said_at = 0.0

    @classmethod
    def of(cls, key: Hashable) -> "UploadWatches":
        """The watches of a queue in this process."""
        return cls._of.setdefault(key, cls())

    @contextmanager
    def watching(self, watch: Watch) -> Iterator[None]:
        """Counts a watch in for as long as the context lasts."""
        self._here.append(watch)
        try:
            yield
        finally:
            self._here.remove(watch)

    def want(self, key: str) -> bool:
        """Whether a watcher of this process wants an object."""
        return any(watch.wants(key) for watch in self._here)

    async def say(self, sqs: Any, url: str) -> None:
        """Tags the queue with what is watched here, when that has changed and every five minutes."""
        here = frozenset(self._here)
        now = time.time()
        if here and (here != self._said or now - self._said_at > SAID_EVERY_SECONDS):
            await sqs.tag_queue(QueueUrl=url, Tags={_tag(watch.prefix): str(int(now)) for watch in here})
            self._said, self._said_at = here, now

    async def elsewhere(self, sqs: Any, url: str) -> list[str]:
        """Tags of the prefixes that are watched, but not here."""
        tags = (await sqs.list_queue_tags(QueueUrl=url)).get("Tags", {})
        here = {_tag(watch.prefix) for watch in self._here}
        return [tag for tag, said in tags.items() if tag not in here and _is_fresh(tag, said)]


def is_under(key: str, tags: list[str]) -> bool:
    """Whether an object's key begins with a prefix that one of these tags names."""
    return any((TAG + key).startswith(tag) for tag in tags)


def _tag(prefix: str) -> str:
    return (TAG + prefix)[:TAG_LENGTH]


def _is_fresh(tag: str, said: str) -> bool:
    return tag.startswith(TAG) and said.isdigit() and time.time() - int(said) < STALE_AFTER_SECONDS
