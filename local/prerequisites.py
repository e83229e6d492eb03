"""Says what this machine lacks, before anything is installed.

The Makefile runs this file with whatever ``python3`` it finds, so it uses the
standard library only and stays readable to an interpreter that is too old.
"""

import os
import re
import shutil
import subprocess
import sys
from typing import Mapping, Optional, Sequence

PYTHON = (3, 11, 4)
"""The first with `tarfile`'s data filter, by which archives are unpacked."""
JAVA = 17
DISK_GIB = 4
"""Airflow's environment, two job images and a run's files."""


def python_problem(version: Sequence[int] = sys.version_info[:3]) -> Optional[str]:
    """What is wrong with this interpreter, as one sentence, or None."""
    if tuple(version) < PYTHON:
        return (
            "Python %s or newer is needed and %s is %s: install it and name it, "
            "as in `make run PYTHON=/usr/bin/python3.11`."
        ) % (_dotted(PYTHON), sys.executable, _dotted(version))
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        return "%s cannot make virtual environments: install its venv package (Debian: python3-venv)." % (
            sys.executable,
        )
    return None


def _dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)


def java_problem(environ: Mapping[str, str] = os.environ) -> Optional[str]:
    """What is wrong with the Java that Spark would use, as one sentence, or None."""
    home = environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java", path=environ.get("PATH"))  # noqa: PTH118
    where = "JAVA_HOME=%s" % home if home else "PATH"
    todo = "install a JDK or JRE %d or newer (Debian: openjdk-17-jre-headless) or set JAVA_HOME." % JAVA
    if not java:
        return "Spark needs Java %d or newer and there is no `java` on PATH: %s" % (JAVA, todo)
    try:
        answer = subprocess.run(
            [java, "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        return "Spark needs Java %d or newer and `java` of %s does not run (%s): %s" % (
            JAVA,
            where,
            error,
            todo,
        )
    match = re.search(r'version "(?:1\.)?(\d+)', answer)
    if not match:
        return "Spark needs Java %d or newer and `%s -version` names no version: %s" % (JAVA, java, todo)
    if int(match.group(1)) < JAVA:
        return "Spark needs Java %d or newer and `java` of %s is %s: %s" % (JAVA, where, match.group(1), todo)
    return None


def disk_problem(folder: str, gib: float = DISK_GIB) -> Optional[str]:
    """What is wrong with the free space at a folder, as one sentence, or None."""
    free = shutil.disk_usage(folder).free / 2.0**30
    if free < gib:
        return "%.1f GiB are free at %s and %.1f GiB are needed: free some space or use another disk." % (
            free,
            os.path.abspath(folder),  # noqa: PTH100
            gib,
        )
    return None


def main() -> int:
    """Print the first problem and exit with 2, or exit with 0."""
    problem = python_problem() or java_problem() or disk_problem(".")
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
