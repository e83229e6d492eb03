"""``smspark-submit``: the command line of SageMaker's Spark processing image, on one host.

It turns a job's configuration into Spark's files, finds the libraries in the folders that it is given and
hands over to ``spark-submit``. The reason of a failure goes to `/opt/ml/output/message`.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path
from types import FrameType

import configuration  # type: ignore[import-not-found]
from entrypoint import paths  # type: ignore[import-not-found]

LEAST_JAVA = 17
EXCEPTION = re.compile(r"^(?:Caused by: )?[\w.$]*(?:Error|Exception|Exit|Interrupt|Warning)\b(?::.*)?$")
SPARK_LOG = re.compile(r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d |^WARNING: |^\s+at |^Setting default log level")
LOG4J = {
    "rootLogger.level": "warn",
    "rootLogger.appenderRef.stdout.ref": "console",
    "appender.console.type": "Console",
    "appender.console.name": "console",
    "appender.console.target": "SYSTEM_ERR",
    "appender.console.layout.type": "PatternLayout",
    "appender.console.layout.pattern": "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex",
    # Native Hadoop libraries exist for few platforms, and nothing here needs them.
    "logger.native.name": "org.apache.hadoop.util.NativeCodeLoader",
    "logger.native.level": "error",
}


class SubmitError(Exception):
    """The application cannot be started; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code of ``spark-submit``, or 1 when it could not be started."""
    options = _parser().parse_args(arguments)
    try:
        java_home = java()
        _check_hosts()
        folder = Path(tempfile.mkdtemp(prefix="spark-conf-"))
        entries = configuration.read(paths.base() / "processing" / "input" / "conf" / "configuration.json")
        exports = configuration.write(
            entries, folder, {"spark-defaults": _defaults(options), "spark-log4j": LOG4J}
        )
        command = _command(options)
    except (SubmitError, ValueError) as error:
        _leave_message(str(error))
        print(error, file=sys.stderr)
        return 1
    environment = {**os.environ, **exports, "SPARK_CONF_DIR": str(folder), "HADOOP_CONF_DIR": str(folder)}
    environment.setdefault("PYSPARK_PYTHON", sys.executable)
    environment.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    environment.setdefault("SPARK_LOCAL_DIRS", tempfile.gettempdir())
    if java_home:
        environment.setdefault("JAVA_HOME", java_home)
    return _run(command, environment)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smspark-submit", description="Submit a Spark application on this host."
    )
    parser.add_argument("--class", dest="main_class", help="main class of a JAR")
    for name in ("--py-files", "--jars", "--files"):
        parser.add_argument(
            name, action="append", default=[], help="files or folders of files, comma-separated"
        )
    parser.add_argument("--local-spark-event-logs-dir", type=Path, help="folder for Spark's event logs")
    parser.add_argument(
        "--spark-event-logs-s3-uri", help="taken for compatibility: use a processing output instead"
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="let spark-submit say what it does")
    parser.add_argument("application", help="a PySpark script or a JAR")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the application")
    return parser


def _command(options: argparse.Namespace) -> list[str]:
    application = Path(options.application)
    if not application.is_file():
        raise SubmitError(
            f"The application {options.application} is not there: check the code input of the job."
        )
    if application.suffix == ".jar" and not options.main_class:
        raise SubmitError(f"The application {application.name} is a JAR: name its main class with --class.")
    # Spark is the one of this Python's environment, whatever else is on the search path.
    command = [str(Path(sys.prefix) / "bin" / "spark-submit")]
    if options.main_class:
        command += ["--class", options.main_class]
    for name, suffixes in (("py_files", (".py", ".zip", ".egg")), ("jars", (".jar",)), ("files", ())):
        found = _expand(getattr(options, name), suffixes)
        if found:
            command += [f"--{name.replace('_', '-')}", ",".join(found)]
    if options.verbose:
        command.append("--verbose")
    return [*command, str(application), *options.arguments]


def _expand(values: list[str], suffixes: tuple[str, ...]) -> list[str]:
    """Files that are named, and those with a fitting suffix in folders that are named."""
    found = []
    for item in (item for value in values for item in value.split(",") if item):
        path = Path(item)
        if path.is_dir():
            found += [
                str(p)
                for p in sorted(path.iterdir())
                if p.is_file() and (not suffixes or p.suffix in suffixes)
            ]
        elif path.is_file():
            found.append(item)
        else:
            raise SubmitError(f"{item} is neither a file nor a folder: check the inputs of the job.")
    return found


def _defaults(options: argparse.Namespace) -> dict[str, str]:
    """Properties that suit one host; the job's ``spark-defaults`` change them."""
    values = {
        "spark.master": "local[*]",
        # Driver and executor are one process: nobody outside of this host has to reach it.
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": f"{_memory_mb()}m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # A constant, so that the same job splits its rows alike on every machine.
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "spark-warehouse"),
    }
    if _on_a_laptop():
        # Jobs are short and cores few: the optimising compiler costs more than it gives back.
        values["spark.driver.defaultJavaOptions"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    if options.local_spark_event_logs_dir:
        folder = options.local_spark_event_logs_dir
        folder.mkdir(parents=True, exist_ok=True)
        values |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": folder.resolve().as_uri()}
        values |= {"spark.eventLog.rolling.enabled": "false"}
    return values


def _memory_mb() -> int:
    """What the driver may take: most of an instance, a quarter of a laptop that other jobs share."""
    if given := os.environ.get("MILLRACE_SPARK_MEMORY"):
        return int(given)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text) // 2**20)
    if _on_a_laptop():
        return max(1024, min(4096, total // 4))
    return max(1024, int(total * 0.8))


def _on_a_laptop() -> bool:
    """SageMaker does not move `/opt/ml`; only the local server does."""
    return "SAGEMAKER_BASE_DIR" in os.environ


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


def _check_hosts() -> None:
    config = paths.base() / "config" / "resourceconfig.json"
    hosts = json.loads(config.read_text()).get("hosts", []) if config.is_file() else []
    if len(hosts) > 1:
        raise SubmitError(
            f"The job has {len(hosts)} instances; this image runs Spark on one: set InstanceCount to 1."
        )


def _run(command: list[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def forward(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    tail: deque[str] = deque(maxlen=200)
    for line in process.stdout or ():
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        tail.append(line[:4096].decode(errors="replace").rstrip())
    code = process.wait()
    if code:
        _leave_message(reason(list(tail), code))
    return 128 - code if code < 0 else code


def reason(lines: list[str], code: int) -> str:
    """What ended the application: the last exception in its log, or the last line that it printed itself.

    >>> reason(["Traceback (most recent call last):", "ValueError: no rows", "26/11/21 10:00:00 INFO bye"], 1)
    'ValueError: no rows'
    """
    exceptions = [line for line in lines if EXCEPTION.match(line)]
    own = [line for line in lines if line.strip() and not SPARK_LOG.match(line)]
    found = exceptions or own
    return found[-1].strip() if found else f"spark-submit ended with exit code {code} and printed nothing."


def _leave_message(text: str) -> None:
    """Says why the job ended, unless the application has said so itself."""
    file = paths.base() / "output" / "message"
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text[:1024])


if __name__ == "__main__":
    sys.exit(main())
