"""The public images that ours and docker-compose.yaml start from, or stand-ins from Debian's packages."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tests.compose.engine import Engine, NoEngineError, output

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
PULL_SECONDS = 300
PYTHON = "python:3.11-slim-bookworm"
OF_THIS_HOST = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")
"""How this machine reaches Debian and PyPI, for the builds on top."""
MIRROR = "http://deb.debian.org/debian"
LIBRARIES = (
    "ca-certificates,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,"
    "libuuid1,netbase,tzdata,zlib1g"
)
"""What Python's own image has beside Python."""


def provide(engine: Engine) -> None:
    """Have every base image: there already, pulled, or, in an engine of our own, made here.

    Raises:
        NoEngineError: an image is not to be had.
    """
    for name in named():
        if _is_there(engine, name) or _pulled(engine, name):
            continue
        if not engine.is_ours:
            raise NoEngineError(f"{name} cannot be pulled, and this engine is not ours to put another in")
        print(f"{name} cannot be pulled: making a stand-in from Debian's packages", flush=True)
        if name == PYTHON:
            _make_python(engine)
        else:
            folder = STAND_INS / name.partition(":")[0]
            engine.docker("build", "--network", "host", "--tag", name, str(folder))


def named() -> list[str]:
    """The base images, Python's first: the stand-ins of the others are built from it."""
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"].values()
    built = {service["image"] for service in services if "build" in service}
    run = {service["image"] for service in services} - built
    files = sorted({service["build"]["dockerfile"] for service in services if "build" in service})
    bases = {base for file in files for base in bases_of((ROOT / file).read_text())}
    return [*sorted(bases), *sorted(run - bases)]


def bases_of(dockerfile: str) -> set[str]:
    """What a Dockerfile starts from, with the default of an ARG in the place of its name."""
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)", dockerfile, re.MULTILINE))
    found = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))
    return {re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], name) for name in found} - stages


def _is_there(engine: Engine, name: str) -> bool:
    """Whether the engine has the image; a stand-in, which has no digest, is built again, from the cache."""
    try:
        digests = engine.docker("image", "inspect", "--format", "{{.RepoDigests}}", name)
    except RuntimeError:
        return False
    return not engine.is_ours or name == PYTHON or digests.strip() != "[]"


def _pulled(engine: Engine, name: str) -> bool:
    try:
        engine.docker("pull", "--quiet", name, timeout=PULL_SECONDS)
    except (RuntimeError, subprocess.TimeoutExpired):
        return False
    return True


def _make_python(engine: Engine) -> None:
    with tempfile.TemporaryDirectory() as name:
        system = Path(name) / "system"
        output(
            ["debootstrap", "--variant=minbase", f"--include={LIBRARIES}", "bookworm", str(system), MIRROR],
            engine.environment,
        )
        _copy_python(system / "usr" / "local")
        output(["chroot", str(system), "ldconfig"], engine.environment)
        for file in map(Path, OF_THIS_HOST):
            if file.is_file():
                shutil.copyfile(file, system / file.relative_to("/"))
        archive = Path(name) / "system.tar"
        output(["tar", "--create", f"--file={archive}", f"--directory={system}", "."], engine.environment)
        certificates = f"ENV SSL_CERT_FILE={OF_THIS_HOST[0]}"
        engine.docker("import", "--change", certificates, str(archive), PYTHON)


def _copy_python(target: Path) -> None:
    """The Python of this test: that of Debian 12 is too old to extract archives safely.

    Raises:
        NoEngineError: this is Debian's, whose files are all over the system.
    """
    source, version = Path(sys.base_prefix), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if source == Path("/usr"):
        raise NoEngineError("a stand-in for Python's image needs a Python that is not Debian's own")
    unwanted = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "config-*")
    shutil.copytree(source / "lib" / version, target / "lib" / version, ignore=unwanted, dirs_exist_ok=True)
    (target / "lib" / version / "site-packages").mkdir()
    for library in (source / "lib").glob("libpython*.so*"):
        shutil.copy2(library, target / "lib", follow_symlinks=False)
    shutil.copy2(source / "bin" / version, target / "bin")
    for alias in ("python", "python3"):
        (target / "bin" / alias).symlink_to(version)
