"""What this host has: cores, memory, Java."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from ending import SubmitError  # type: ignore[import-not-found]

LEAST_JAVA = 17


def on_a_laptop() -> bool:
    """SageMaker does not move `/opt/ml`; only the local server does."""
    return "SAGEMAKER_BASE_DIR" in os.environ


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int:
    """What Spark may take: most of an instance, a quarter of a laptop that other jobs share."""
    if given := os.environ.get("MILLRACE_SPARK_MEMORY"):
        return int(given)
    total: int = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text) // 2**20)
    if on_a_laptop():
        return max(1024, min(4096, total // 4))
    return max(1024, int(total * 0.8))


def java() -> str | None:
    """JAVA_HOME if it is set. Raises `SubmitError` without a Java that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    advice = f"Install a Java runtime of version {LEAST_JAVA} or newer and set JAVA_HOME or PATH to it."
    if program is None or not Path(program).is_file():
        raise SubmitError(f"Spark needs Java and found none. {advice}")
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', output)
    if match and int(match[1]) < LEAST_JAVA:
        raise SubmitError(
            f"Spark needs Java {LEAST_JAVA} and found version {match[1]} at {program}. {advice}"
        )
    return home
