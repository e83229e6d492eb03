"""One execution of something that takes time: a job, a training, the check of a vocabulary."""

import logging
import shutil
import threading
from typing import Generic, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError

from local.aws.runtime.images import ImageBuildFailed
from local.aws.runtime.transfer import NothingToDownloadError, UploadError
from local.aws.services.transcribe import context
from local.aws.services.transcribe.engine import EndedError, EngineError, InputError
from local.aws.services.transcribe.records import StatefulRecord
from local.aws.services.transcribe.validation import BadRequestError
from local.aws.services.transcribe.vocabulary_table import VocabularyError

log = logging.getLogger(__name__)

RecordT = TypeVar("RecordT", bound=StatefulRecord)
EXPECTED = (InputError, VocabularyError, NothingToDownloadError, UploadError, ClientError, ImageBuildFailed)
INTERNAL = "InternalFailure: the local AWS failed, not the request: {error}"
RESTARTED = "InternalFailure: the local AWS stopped while this ran. Start it again under a new name."


class Run(Generic[RecordT]):
    """Executes what `job` describes. Subclasses say what that consists of."""

    def __init__(self, job: RecordT) -> None:
        self.job = job
        self.clients = context.current().acting_for(job.arn)
        self.root = context.current().scratch / str(uuid4())
        self.ended = threading.Event()

    def stop(self) -> None:
        """The record was deleted: the process is killed and nothing more is said of it."""
        self.ended.set()

    def abandon(self) -> None:
        """The server goes away: as for `stop`; the next start says what became of it."""
        self.ended.set()

    def execute(self) -> None:
        """Runs it to its end. Every outcome is a state; nothing is raised."""
        try:
            if self.ended.is_set():
                return
            self.root.mkdir(parents=True)
            self.run()
        except EndedError:
            log.info("%s was ended before its end.", self.job.arn)
        except EXPECTED as error:
            self._fail(str(error))
        except BadRequestError as error:
            self._fail(error.message)
        except Exception as error:
            if not isinstance(error, EngineError):
                log.exception("%s failed", self.job.arn)
            self._fail(INTERNAL.format(error=f"{type(error).__name__}: {error}"))
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    def run(self) -> None:
        """The steps, in order."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        raise NotImplementedError

    def _fail(self, reason: str) -> None:
        # What a dying server's S3 refuses is no failure of the job.
        if not self.ended.is_set():
            self.failed(reason)
