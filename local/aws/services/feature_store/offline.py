"""The offline store: records of the journal as Parquet in S3."""

import json
import logging
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import sagemaker_backends

from local.aws.runtime.images import ImageStore
from local.aws.runtime.transfer import S3Uri
from local.aws.services.feature_store.event_time import now
from local.aws.services.feature_store.store import Batch, Store
from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.backend import LocalSageMaker
from local.aws.services.sagemaker.feature_group_tables import add_partitions

log = logging.getLogger(__name__)

ENGINES = Path(__file__).resolve().parents[2] / "engines"
ENGINE = "feature_store"
PROGRAM = "write_parquet.py"
SECONDS = "MILLRACE_OFFLINE_STORE_SECONDS"
TIMEOUT_SECONDS = 600.0


class EngineError(RuntimeError):
    """The program that writes Parquet failed; what it said is the message."""


class OfflineWriter:
    """Empties the journal every few seconds, in a thread of its own.

    A batch is begun once, with its name, and written again under this name should it break off: it is in
    S3 once.

    Args:
        store: has the journal.
        images: folder of the environments.
        scratch: where files are before they are in S3.
    """

    def __init__(self, store: Store, images: Path, scratch: Path) -> None:
        self._store = store
        self._images = ImageStore(images, ENGINES)
        self._scratch = scratch
        self._seconds = float(os.environ.get(SECONDS, "15"))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="offline store", daemon=True)
        self._flushing = threading.Lock()

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def stop(self) -> None:
        """Writes what is left, if the engine is there: otherwise it stays in the journal."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._images.path(self._images.resolve(ENGINE)).is_dir():
            self._flush_or_log()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._flush_or_log()

    def _flush_or_log(self) -> None:
        try:
            self.flush()
        except Exception:  # such as no network to install the engine by; the journal has it all
            log.exception("The offline store could not be written; it is tried again")

    def flush(self) -> None:
        """Writes what the journal has; returns when it is in S3.

        Raises:
            EngineError: it could not be written as Parquet.
            ImageBuildFailed: the engine cannot be installed.
        """
        with self._flushing:
            self._store.expire(now())
            self._store.sweep()
            if not (batches := self._store.batches()):
                return
            self._scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._scratch, prefix="offline-") as folder:
                self._to_parquet(batches, Path(folder))
                for batch in batches:
                    self._to_s3(batch, Path(folder) / str(batch.number))
            self._store.sweep()

    def _to_parquet(self, batches: Sequence[Batch], folder: Path) -> None:
        image = self._images.resolve(ENGINE)
        environment = self._images.ensure(image)
        request = folder / "request.json"
        request.write_text(
            json.dumps({"database": str(self._store.path), "batches": _documents(batches, folder)})
        )
        done = subprocess.run(
            [environment / "bin" / "python", image.folder / PROGRAM, request],
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env={},
        )
        if done.returncode:
            raise EngineError(f"{PROGRAM} failed: {done.stderr.strip()[-2000:] or 'it said nothing'}")

    def _to_s3(self, batch: Batch, folder: Path) -> None:
        layout = batch.layout
        target = S3Uri.parse(layout["uri"])
        files = sorted(folder.rglob("*.parquet"))
        extra = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": layout["kms_key"]} if layout["kms_key"] else {}
        )
        s3 = context.current().acting_for(layout["arn"]).s3(layout["region"])
        try:
            for file in files:
                key = f"{target.key.rstrip('/')}/{file.relative_to(folder).as_posix()}"
                with file.open("rb") as body:
                    s3.put_object(Bucket=target.bucket, Key=key, Body=body, **extra)
            if layout["catalog"]:
                folders = sorted({file.parent.relative_to(folder).as_posix() for file in files})
                add_partitions(layout["catalog"], folders, layout["uri"], layout["region"])
        except ClientError as error:
            self._tell(layout, {"Status": "Blocked", "BlockedReason": str(error)[:1024]})
            log.warning("%s: its offline store cannot be written: %s", layout["arn"], error)
            return
        self._store.written(batch)
        self._tell(layout, {"Status": "Active"})

    def _tell(self, layout: Any, status: dict[str, str]) -> None:
        """Puts the status of the offline store into the group's description, where it is another one."""
        account = layout["arn"].split(":")[4]
        backend = sagemaker_backends[account][layout["region"]]
        group = backend.find_feature_group(layout["arn"]) if isinstance(backend, LocalSageMaker) else None
        if group and group.status == "Created" and group.description.get("OfflineStoreStatus") != status:
            with context.current().aws.changing():
                group.change(OfflineStoreStatus=status)


def _documents(batches: Sequence[Batch], folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "number": batch.number,
            "last": batch.last,
            "stamp": batch.stamp,
            "features": batch.layout["features"],
            "folder": str(folder / str(batch.number)),
        }
        for batch in batches
    ]
