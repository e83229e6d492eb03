"""Runs a statement to its end, on the thread of the queue."""

import logging
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from moto.redshift.models import redshift_backends

from local.aws.runtime.images import ImageBuildFailed
from local.aws.services.redshift import context
from local.aws.services.redshift.clusters import file_of
from local.aws.services.redshift.engine import EngineError
from local.aws.services.redshift.lake import Lake
from local.aws.services.redshift.login import LoginRefusedError, login
from local.aws.services.redshift.records import Statement

if TYPE_CHECKING:
    from local.aws.services.redshift.clusters import LocalRedshift

log = logging.getLogger(__name__)


class Execution:
    """One statement or batch; `ended` is set when it is over, whatever came of it."""

    def __init__(self, statement: Statement) -> None:
        self.job = statement
        self.ended = threading.Event()
        self._stopping = threading.Event()
        self._abandoned = False
        self._began = False
        self._failed: str | None = None
        self._place = 0
        self._rows, self._size, self._duration = -1, -1, 0

    def execute(self) -> None:
        """Runs it. Raises nothing."""
        scratch = context.current().scratch / self.job.id
        try:
            if not self._stopping.is_set():
                self.job.change(Status="PICKED")
                scratch.mkdir(parents=True)
                self._run(scratch)
        except (EngineError, ImageBuildFailed) as error:
            self._failed = f"ERROR: {error}"
        except LoginRefusedError as error:
            self._failed = str(error)
        except Exception as error:
            log.exception("Statement %s failed", self.job.id)
            self._failed = f"ERROR: the local AWS failed: {type(error).__name__}: {error}"
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            self._end()

    def stop(self) -> None:
        """Ends the transaction, and with it the engine."""
        self._stopping.set()
        if self._began:
            context.current().engine.kill()

    def abandon(self) -> None:
        """The server goes away: the statement is left as it is."""
        self._abandoned = True
        self.stop()

    def _run(self, scratch: Path) -> None:
        statement = self.job
        account = statement.cluster_arn.split(":")[4]
        backend = cast("LocalRedshift", redshift_backends[account][statement.region])
        cluster = backend.cluster(statement.request["ClusterIdentifier"])
        values = {each["name"]: each["value"] for each in statement.request.get("Parameters") or []}
        request = {
            "database": {"file": str(file_of(cluster)), "name": cluster.db_name},
            "master": {
                "name": cluster.master_username.lower(),
                "password": cluster.master_user_password,
            },
            "login": login(backend, statement.request, statement.region),
            "statements": [{"sql": sql, "values": values} for sql in statement.sqls],
            "transaction": statement.request.get("ExecutionMode") != "AUTO_COMMIT",
            "scratch": str(scratch),
            "results": str(results_of(statement)),
        }
        lake = Lake(cluster, statement.region, scratch)
        self._began = True
        if not self._stopping.is_set():
            context.current().engine.converse(request, lake.answers, self._hear)
        self._began = False

    def _hear(self, news: Mapping[str, Any]) -> None:
        what = news["what"]
        if what == "failed":
            self._failed = str(news["error"])
        elif what == "started":
            self._place = news["place"]
            self.job.change(Status="STARTED")
            if self.job.is_batch:
                self.job.change_sub(self._place, Status="STARTED")
        elif what == "done":
            self._done(news)

    def _done(self, news: Mapping[str, Any]) -> None:
        self._duration += news["duration"]
        self._rows, self._size = news["rows"], news["size"]
        if self.job.is_batch:
            self.job.change_sub(
                news["place"],
                Status="FINISHED",
                Duration=news["duration"],
                HasResultSet=news["has_result"],
                ResultRows=news["rows"],
                ResultSize=news["size"],
            )
        else:
            self.job.change(HasResultSet=news["has_result"])

    def _end(self) -> None:
        if self._abandoned:
            return
        figures = {"ResultRows": self._rows, "ResultSize": self._size, "Duration": self._duration}
        if self._stopping.is_set():
            self._end_subs("ABORTED", None)
            self.job.end("ABORTED", Duration=self._duration)
        elif self._failed is not None:
            self._end_subs("FAILED", self._failed)
            is_one = self.job.is_batch and self._failed.startswith("ERROR:")
            error = f"Query #{self._place + 1} failed with {self._failed}" if is_one else self._failed
            self.job.end("FAILED", Error=error, Duration=self._duration)
        else:
            self.job.end("FINISHED", **figures)
        self.ended.set()

    def _end_subs(self, status: str, error: str | None) -> None:
        """The one that was at work, and those that never began."""
        for place in range(self._place, len(self.job.sqls) if self.job.is_batch else 0):
            own = place == self._place
            changes = {"Status": status if own else "ABORTED", **({"Error": error} if own and error else {})}
            self.job.change_sub(place, **changes)


def results_of(statement: Statement) -> Path:
    """The folder with a folder of results for each statement of a batch, or for the one."""
    return context.current().folder / "results" / statement.id
