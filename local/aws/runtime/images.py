"""Images of jobs, without a container engine.

On AWS an image is built from ``include/images/<name>/Dockerfile``. Here the same folder's
``requirements.txt`` becomes a virtual environment; an image with a ``build.py`` has the environment's Python
run that at the end. Its name holds a hash of what it is made from, so a changed file makes a new environment
and an unchanged one is found again.

An image may exist in other versions of its main library: ``versions/<version>.txt`` has the packages of
one, and the tag of an image's URI names it. Every other tag means ``requirements.txt``.
"""

import argparse
import fcntl
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from local.aws.runtime import init_process

SOURCES = Path(__file__).resolve().parents[3] / "include" / "images"
AWS_IMAGES = {"sagemaker-xgboost": "xgboost", "sagemaker-spark-processing": "spark"}
VERSIONS = "versions"
_VERSION = re.compile(r"\d+(\.\d+)+(-\d+)?")
_URI = re.compile(r"^(?P<repository>[^:@\s]+)(?::(?P<tag>[\w][\w.\-]*))?(?:@sha256:[0-9a-f]{64})?$")

Progress = Callable[[str], None]
log = logging.getLogger(__name__)


class UnknownImageError(LookupError):
    """No folder of images answers to the URI."""


class ImageBuildFailed(RuntimeError):  # noqa: N818
    """An image's environment could not be installed; the message says why and what to do."""


@dataclass(frozen=True)
class Image:
    """A folder of ``include/images`` and what a process in it finds on its search paths."""

    name: str
    folder: Path
    version: str | None = None
    """One of ``versions/``; None for the image's own."""

    @property
    def requirements(self) -> Path:
        """The pinned packages of the environment."""
        return self.folder / (f"{VERSIONS}/{self.version}.txt" if self.version else "requirements.txt")

    @property
    def build(self) -> Path | None:
        """What the environment's Python runs once the packages are there; most images have none."""
        return self.program("build")

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.name} {self.version}" if self.version else self.name

    def program(self, name: str) -> Path | None:
        """The script that ``docker run IMAGE <name>`` runs, or None where the image has none."""
        script = self.folder / f"{name}.py"
        return script if script.is_file() else None

    def digest(self) -> str:
        """Twelve hexadecimal digits over what is installed and built, and the Python that does it."""
        content = self.requirements.read_bytes() if self.requirements.is_file() else b""
        content += self.build.read_bytes() if self.build else b""
        return hashlib.sha256(content + b"\0" + _python_version().encode()).hexdigest()[:12]


class ImageStore:
    """Finds images by URI and keeps their environments in one folder, which processes may share."""

    def __init__(self, home: Path, sources: Path | None = None) -> None:
        self.home = home.resolve()
        self.sources = (sources or SOURCES).resolve()

    def names(self) -> list[str]:
        """Every image that has a folder, sorted."""
        return sorted(d.name for d in self.sources.iterdir() if (d / "requirements.txt").is_file())

    def resolve(self, uri: str) -> Image:
        """The image that ``uri`` names.

        Raises:
            UnknownImageError: there is no such image, or it is not here in the version that the tag names.
                The message lists those that are.
        """
        match = _URI.match(uri)
        repository = match["repository"].rsplit("/", 1)[-1] if match else ""
        name = AWS_IMAGES.get(repository, repository)
        if match is None or name not in self.names():
            raise UnknownImageError(
                f"Requested image {uri} not found. Images here: {', '.join(self.names())}."
            )
        folder = self.sources / name
        if repository in AWS_IMAGES:
            return Image(name, folder, _nearest_version(folder, match["tag"] or ""))
        return Image(name, folder, _version(name, folder, match["tag"] or ""))

    def path(self, image: Image) -> Path:
        """Where the image's environment is, or will be."""
        return self.home / f"{image.name}-{image.digest()}"

    def ensure(self, image: Image, progress: Progress = log.info) -> Path:
        """The image's virtual environment, built first if it is not there.

        Several threads and processes may ask at once: one builds, the others wait for it. An environment
        appears under its name only when it is complete. Raises `ImageBuildFailed`.
        """
        environment = self.path(image)
        if environment.is_dir():
            return environment
        self.home.mkdir(parents=True, exist_ok=True)
        with _locked(self.home / f".{environment.name}.lock", image.label, progress):
            if not environment.is_dir():
                self._sweep(environment)
                self._build(image, environment, progress)
        return environment

    def _sweep(self, environment: Path) -> None:
        """Removes what installations left behind that were killed, as when the server stops."""
        for left in self.home.glob(f".{environment.name}.*/"):
            shutil.rmtree(left, ignore_errors=True)

    def _build(self, image: Image, environment: Path, progress: Progress) -> None:
        progress(f"Image {image.label}: installing {_count(image.requirements)} packages, once.")
        partial = Path(tempfile.mkdtemp(prefix=f".{environment.name}.", dir=self.home))
        try:
            # --relocatable: the environment is made under one name and used under another.
            venv: list[str | Path] = ["venv", "--quiet", "--relocatable", "--allow-existing"]
            _uv([*venv, "--python", sys.executable, partial], image, progress)
            python = partial / "bin" / "python"
            if _count(image.requirements):
                install: list[str | Path] = ["pip", "install", "--no-deps", "--python", python]
                _uv([*install, "--requirements", image.requirements], image, progress)
            if image.build:
                progress(f"Image {image.label}: running {image.build.name}, which may take minutes.")
                _run([python, "-u", image.build], image, progress)
            partial.chmod(0o755)
            partial.rename(environment)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        progress(f"Image {image.label}: ready in {environment}.")


def _uv(arguments: list[str | Path], image: Image, progress: Progress) -> None:
    _run([find_uv_bin(), *arguments, "--no-config"], image, progress)


def _run(command: list[str | Path], image: Image, progress: Progress) -> None:
    # uv prefers the environment it was started from over everything else, and that is Airflow's.
    misleading = ("VIRTUAL_ENV", "UV_INTERNAL__PARENT_INTERPRETER", "PYTHONPATH")
    lines = []
    with (
        Path(os.devnull).open("wb") as report,
        # The init process ends it when this process is gone, however that ended.
        subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", init_process.__file__, "0", str(report.fileno()), ""),
                *map(str, command),
            ],
            env={k: v for k, v in os.environ.items() if k not in misleading},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[report.fileno()],
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if not lines[-1].startswith(" + "):
                progress(f"Image {image.label}: {lines[-1]}")
    if process.returncode != 0:
        reason = " ".join(lines[-5:])
        raise ImageBuildFailed(
            f"Image {image.label} could not be installed from {image.requirements}: {reason} "
            "Check the network and the free disk space, then start the job again."
        )


@contextmanager
def _locked(path: Path, name: str, progress: Progress) -> Iterator[None]:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"Image {name}: another job is installing it; waiting.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def versions(folder: Path) -> list[str]:
    """Those that an image is here in beside its own, sorted; none for most images."""
    return sorted(path.stem for path in (folder / VERSIONS).glob("*.txt"))


def _version(name: str, folder: Path, tag: str) -> str | None:
    """What the tag names; None where it names no version, or the image's own."""
    others, own = versions(folder), _own_version(name, folder)
    if tag in others:
        return tag
    if others and _VERSION.fullmatch(tag) and tag != own:
        there = ", ".join(sorted([*others, own]))
        raise UnknownImageError(f"Image {name} is not here in version {tag}. Versions here: {there}.")
    return None


def _nearest_version(folder: Path, tag: str) -> str | None:
    """For a tag of AWS's own images, such as ``3.0-5``: ours of the same release, or else the image's own."""
    release = tag.split("-", maxsplit=1)[0]
    return next((version for version in versions(folder) if version.startswith(f"{release}.")), None)


def _own_version(name: str, folder: Path) -> str:
    """The version of the library that the image is named after."""
    pinned = re.search(rf"^{re.escape(name)}==(\S+)", (folder / "requirements.txt").read_text(), re.MULTILINE)
    return pinned[1] if pinned else "latest"


def _python_version() -> str:
    return f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}-{sys.platform}"


def _count(requirements: Path) -> int:
    if not requirements.is_file():
        return 0
    return sum(1 for line in requirements.read_text().splitlines() if line and line[0] not in " #-")


def main(arguments: list[str] | None = None) -> int:
    """``python -m local.aws.runtime.images [NAME ...] --images DIR``: builds ahead of time."""
    parser = argparse.ArgumentParser(description="Install the environments of job images ahead of time.")
    parser.add_argument("names", nargs="*", metavar="IMAGE", help="images to install; all when none is given")
    parser.add_argument(
        "--images", type=Path, default=Path(".millrace/images"), help="where environments are kept"
    )
    parser.add_argument("--sources", type=Path, default=SOURCES, help="folder with one folder per image")
    options = parser.parse_args(arguments)
    store = ImageStore(options.images, options.sources)
    try:
        for name in options.names or store.names():
            store.ensure(store.resolve(name), lambda line: print(line, file=sys.stderr, flush=True))
    except (UnknownImageError, ImageBuildFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
