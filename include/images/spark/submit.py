"""``smspark-submit``: the command line of SageMaker's Spark processing image.

It turns a job's configuration into Spark's files, finds the libraries in the folders that it is given and
hands over to ``spark-submit``, on one host or on a cluster of all of the job's. The reason of a failure goes
to `/opt/ml/output/message`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import cluster  # type: ignore[import-not-found]
import configuration  # type: ignore[import-not-found]
import machine  # type: ignore[import-not-found]
import storage  # type: ignore[import-not-found]
from defaults import LOG4J, java_options, spark_defaults  # type: ignore[import-not-found]
from ending import Outcome, SubmitError, leave_message  # type: ignore[import-not-found]
from entrypoint import paths  # type: ignore[import-not-found]
from entrypoint.hosts import HostUnknownError  # type: ignore[import-not-found]
from layout import Layout  # type: ignore[import-not-found]


def main(arguments: list[str] | None = None) -> int:
    """The exit code of ``spark-submit``, or 1 when it could not be started."""
    options = _parser().parse_args(arguments)
    try:
        outcome = _run(options)
    except (SubmitError, HostUnknownError, ValueError) as error:
        outcome = Outcome(1, str(error))
        print(error, file=sys.stderr)
    if outcome.code:
        leave_message(outcome.reason)
    return int(outcome.code)


def _run(options: argparse.Namespace) -> Outcome:
    java_home = machine.java()
    layout = Layout.of_job()
    folder = Path(tempfile.mkdtemp(prefix="spark-conf-"))
    entries = configuration.read(paths.base() / "processing" / "input" / "conf" / "configuration.json")
    spark = spark_defaults(layout, options.local_spark_event_logs_dir)
    own = {"spark-defaults": spark, "core-site": storage.core_site(), "spark-log4j": LOG4J}
    exports = configuration.write(entries, folder, own)
    if layout.is_cluster:
        cluster.check_executors(layout, configuration.merged(entries, own)["spark-defaults"])
    command = _command(options)
    environment = {**_presets(java_home), **os.environ, **exports, **_fixed(layout, folder)}
    if not layout.is_cluster:
        return cluster.alone(command, environment)
    if layout.host == layout.first:
        return cluster.lead(layout, command, environment)
    return cluster.follow(layout, environment)


def _presets(java_home: str | None) -> dict[str, str]:
    """Variables of Spark's processes that a job may set otherwise."""
    return {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_LOCAL_DIRS": tempfile.gettempdir(),
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_DAEMON_JAVA_OPTS": java_options(),
        # Java hands names on to programs in the charset of the locale.
        "LC_ALL": "C.UTF-8",
        **({"JAVA_HOME": java_home} if java_home else {}),
        **({"HADOOP_USER_NAME": storage.user()} if machine.on_a_laptop() else {}),
    }


def _fixed(layout: Layout, folder: Path) -> dict[str, str]:
    variables = {"SPARK_CONF_DIR": str(folder), "HADOOP_CONF_DIR": str(folder)}
    if layout.is_cluster:
        variables |= {"SPARK_LOCAL_IP": layout.address, "SPARK_LOCAL_HOSTNAME": layout.address}
    return variables


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smspark-submit", description="Submit a Spark application to the hosts of a job."
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


if __name__ == "__main__":
    sys.exit(main())
