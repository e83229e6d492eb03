"""Takes out of the journal what its streams no longer keep."""

import logging
import threading

from local.aws.journal import SHARDS, Journal
from local.aws.services.kinesis.catalog import Catalog
from local.aws.services.kinesis.errors import NotFoundError
from local.aws.services.kinesis.records import horizon

log = logging.getLogger(__name__)

SECONDS = 60.0


class Sweeper:
    """Once a minute, in a thread of its own. Nobody reads these records: it only frees their room."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._journal: Journal = catalog.journal
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kinesis retention", daemon=True)

    def start(self) -> None:
        """Begins to sweep."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is swept any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            try:
                self.sweep()
            except Exception:  # such as a full disk; the next minute tries again
                log.exception("Old records of Kinesis could not be deleted")

    def sweep(self) -> None:
        """Deletes records that are too old, and those of streams that are gone."""
        for shard in self._journal.shards():
            try:
                last = horizon(self._catalog.of_number(shard // SHARDS), self._journal.now())
            except NotFoundError:
                last = self._journal.last
            self._journal.trim(shard, last)
