"""Runs the synthesiser: a process for each request, in an environment of its own."""

import json
import subprocess
import tempfile
from pathlib import Path

from local.aws.runtime.images import ImageBuildFailed, ImageStore
from local.aws.services.polly.errors import ServiceFailureError
from local.aws.services.polly.request import Speech

ENGINES = Path(__file__).resolve().parents[2] / "engines"
PROGRAM = "synthesise"
TIMEOUT_SECONDS = 120.0
"""The longest text takes a few seconds."""


class Synthesiser:
    """Speaks by the program in ``local/aws/engines/polly``, installed on first use."""

    def __init__(self, images: Path) -> None:
        self._store = ImageStore(images, ENGINES)

    def speak(self, speech: Speech) -> bytes:
        """The encoded audio.

        Raises:
            ServiceFailureError: the environment cannot be installed, or the program failed.
        """
        image = self._store.resolve("polly")
        try:
            environment = self._store.ensure(image)
        except ImageBuildFailed as error:
            raise ServiceFailureError(str(error)) from error
        with tempfile.TemporaryDirectory(prefix="polly-") as folder:
            output = Path(folder) / "speech"
            request = Path(folder) / "request.json"
            request.write_text(json.dumps(_document(speech, output)))
            _run([environment / "bin" / "python", image.folder / f"{PROGRAM}.py", request])
            return output.read_bytes()


def _document(speech: Speech, output: Path) -> dict[str, str | int | bool]:
    return {
        "text": speech.text,
        "ssml": speech.is_ssml,
        "voice": speech.voice,
        "format": speech.output_format,
        "rate": speech.rate,
        "output": str(output),
    }


def _run(command: list[Path]) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, env={}
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceFailureError(f"The synthesiser took longer than {TIMEOUT_SECONDS:g} seconds.") from error
    if done.returncode:
        raise ServiceFailureError(f"The synthesiser failed: {(done.stderr.strip() or 'no reason given')}")
