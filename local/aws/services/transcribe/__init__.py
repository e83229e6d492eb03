"""Transcribe that executes: jobs, call analytics, vocabularies, vocabulary filters and language models.

Speech is recognised by the programs of ``local/aws/engines/speech``, a process per job in an environment of
its own, which is built on first use. They know US English only.

Settings of the server's own environment:

``MILLRACE_TRANSCRIPTIONS_AT_A_TIME``
    Jobs and trainings of language models that run at a time; other jobs wait in ``QUEUED``. 2 by default.
``MILLRACE_ENGINE_SOURCES``
    The folder of engines instead of ``local/aws/engines``.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from moto.transcribe.models import transcribe_backends
from moto.transcribe.responses import TranscribeResponse

from local.aws.operations import replace_operations
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services.transcribe import context
from local.aws.services.transcribe.backend import LocalTranscribe
from local.aws.services.transcribe.operations import OPERATIONS

if TYPE_CHECKING:
    from local.aws.server import LocalAws

ENGINES = Path(__file__).resolve().parents[2] / "engines"
VOCABULARIES_AT_A_TIME = 4


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    engines = ImageStore(aws.images, Path(os.environ.get("MILLRACE_ENGINE_SOURCES", ENGINES)))
    concurrency = int(os.environ.get("MILLRACE_TRANSCRIPTIONS_AT_A_TIME", "2"))
    context.current.set(
        context.Context(aws, engines, JobQueue(concurrency), JobQueue(VOCABULARIES_AT_A_TIME))
    )
    shutil.rmtree(context.current().scratch, ignore_errors=True)  # of a process that was killed
    transcribe_backends.backend = LocalTranscribe
    replace_operations(TranscribeResponse, transcribe_backends, OPERATIONS)


def recover() -> None:
    """Fails the jobs that ran when the last process ended; queued jobs and vocabularies start again."""
    backends = [b for _, _, b in transcribe_backends.iter_backends() if isinstance(b, LocalTranscribe)]
    models = {model.folder for backend in backends for model in backend.language_models.values()}
    for folder in context.current().models.glob("*/"):
        if folder.name not in models:
            shutil.rmtree(folder)
    for backend in backends:
        backend.recover()


def stop() -> None:
    """Ends every process; what is saved says that they ran."""
    context.current().queue.close()
    context.current().vocabularies.close()
