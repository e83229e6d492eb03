"""The main container of a job run: ``spark-submit`` in client mode, with the configuration of the request.

Runs in the environment of the Spark image; the server imports the constants. Each line that Spark prints is
printed with the mark of its stream, since a container's output is one.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

STREAMS = {"stdout": "\x01", "stderr": "\x02"}
"""What each line begins with."""
SPARK = Path(__file__).resolve().parents[4] / "include" / "images" / "spark"
SPARK_HOME = "local:///usr/lib/spark/"
"""Where EMR's image has Spark."""
NOT_FILES = ("emr-job-submitter",)
"""Classifications that say something of pods."""
ONE_PROCESS = frozenset({"spark.driver.memory", "spark.master", "spark.submit.deployMode"})
"""Properties that are left out: the driver is also the executors, and has what the machine can spare."""
KEPT_LINES = 200


def message(base: Path) -> Path:
    """Where the reason of a failure stands below `/opt/ml`, as in a job of SageMaker's."""
    return base / "output" / "message"


def main(request: Path) -> int:
    """The exit code of ``spark-submit``, or 1 when it could not be started."""
    sys.path.insert(0, str(SPARK))
    import ending  # type: ignore[import-not-found]  # noqa: PLC0415  # of the Spark image

    document = json.loads(request.read_text())
    try:
        environment = _environment(document["configuration"])
        code, reason = _submit([_spark_submit(), *map(_located, document["command"])], environment)
    except (ending.SubmitError, ValueError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        code, reason = 1, str(error)
    if code:
        ending.leave_message(reason)
    return code


def _environment(configuration: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Writes Spark's and Hadoop's files; the environment of ``spark-submit``."""
    import defaults  # type: ignore[import-not-found]  # noqa: PLC0415  # see above
    import machine  # type: ignore[import-not-found]  # noqa: PLC0415
    import storage  # type: ignore[import-not-found]  # noqa: PLC0415
    from configuration import write  # type: ignore[import-not-found]  # noqa: PLC0415
    from layout import Layout  # type: ignore[import-not-found]  # noqa: PLC0415

    java_home = machine.java()
    layout = Layout({"driver": "127.0.0.1"}, "driver")
    own = {
        "spark-defaults": defaults.spark_defaults(layout, None),
        "core-site": storage.core_site(),
        "spark-log4j": defaults.LOG4J,
    }
    entries = [_here(entry) for entry in configuration if entry["Classification"] not in NOT_FILES]
    folder = Path(tempfile.mkdtemp(prefix="spark-conf-"))
    exports = write(entries, folder, own)
    return {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_LOCAL_DIRS": tempfile.gettempdir(),
        "LC_ALL": "C.UTF-8",
        "HADOOP_USER_NAME": storage.user(),
        **({"JAVA_HOME": java_home} if java_home else {}),
        **os.environ,
        **exports,
        "SPARK_CONF_DIR": str(folder),
        "HADOOP_CONF_DIR": str(folder),
    }


def _here(entry: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in entry["Properties"].items() if key not in ONE_PROCESS}
    return {**entry, "Properties": properties}


def _spark_submit() -> str:
    # Spark is the one of this Python's environment, whatever else is on the search path.
    own = Path(sys.prefix) / "bin" / "spark-submit"
    return str(own) if own.is_file() else "spark-submit"


def _located(word: str) -> str:
    """A file of EMR's image, or of ours, as a path here."""
    if word.startswith(SPARK_HOME):
        found = find_spec("pyspark")
        home = Path(found.origin).parent if found and found.origin else Path("/usr/lib/spark")
        return str(home / word.removeprefix(SPARK_HOME))
    return word.removeprefix("local://") if word.startswith("local:///") else word


def _submit(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit code, and why if that is not 0."""
    from ending import reason  # noqa: PLC0415  # see above

    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    lock = threading.Lock()
    sources = {"stdout": process.stdout, "stderr": process.stderr}
    readers = [
        threading.Thread(target=_pump, args=(source, STREAMS[name].encode(), tail, lock), daemon=True)
        for name, source in sources.items()
    ]
    for reader in readers:
        reader.start()
    code = process.wait()
    for reader in readers:
        reader.join()
    return (128 - code if code < 0 else code), (reason(list(tail), code) if code else "")


def _pump(source: IO[bytes], mark: bytes, tail: "deque[str]", lock: "threading.Lock") -> None:
    for line in source:
        with lock:
            sys.stdout.buffer.write(mark + line.rstrip(b"\n") + b"\n")
            sys.stdout.buffer.flush()
            tail.append(line[:4096].decode(errors="replace").rstrip())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
