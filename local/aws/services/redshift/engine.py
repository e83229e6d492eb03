"""The process that runs SQL, and what it asks meanwhile."""

import json
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime.images import Image, ImageStore

log = logging.getLogger(__name__)

NAME = "redshift"
PROGRAM = "execute.py"

Answers = Mapping[str, Callable[..., Any]]


class EngineError(RuntimeError):
    """The process ended in the middle of a request."""


class QuestionError(Exception):
    """A question has no answer; the message is what the statement fails with."""


class Engine:
    """One process for one request at a time; begun with the first, and anew when it was killed."""

    def __init__(self, images: ImageStore, log_file: Path) -> None:
        self._images = images
        self._log_file = log_file
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def converse(self, request: Mapping[str, Any], answers: Answers, tell: Callable[[Any], None]) -> None:
        """Gives the process a request, and returns when it is done.

        Args:
            request: see ``local/aws/engines/redshift/execute.py``.
            answers: to what it asks, by the question's name; they raise `QuestionError`.
            tell: is called with all news.

        Raises:
            EngineError: the process has ended before.
            ImageBuildFailed: its environment cannot be installed.
        """
        process = self._running()
        self._say(process, request)
        for line in process.stdout or ():
            message = json.loads(line)
            what = message.pop("what")
            if what == "over":
                return
            if what in answers:
                self._say(process, _answer(answers[what], message))
            else:
                tell({"what": what, **message})
        self.kill()
        raise EngineError(f"{PROGRAM} ended before it was done: see {self._log_file}")

    def kill(self) -> None:
        """Ends the process, and with it the transaction that it is in."""
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[str]:
        image = self._images.resolve(NAME)
        environment = self._images.ensure(image)
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start(image, environment)
            return self._process

    def _start(self, image: Image, environment: Path) -> subprocess.Popen[str]:
        self._log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._log_file.open("ab") as errors:
            return subprocess.Popen(
                [environment / "bin" / "python", image.folder / PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={},
                # A Ctrl-C at the server's terminal is not for it.
                start_new_session=True,
            )

    def _say(self, process: subprocess.Popen[str], document: Mapping[str, Any]) -> None:
        if process.stdin is None:
            raise AssertionError("the process has no input")
        try:
            process.stdin.write(json.dumps(document) + "\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            raise EngineError(f"{PROGRAM} has ended: see {self._log_file}") from error


def _answer(answer: Callable[..., Any], details: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": answer(**details)}
    except QuestionError as error:
        return {"error": str(error)}
