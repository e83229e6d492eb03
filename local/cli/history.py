"""`millrace history`: Spark's history server on the event logs of a run."""

from collections.abc import Mapping
from pathlib import Path

from local.cli.logs import RunId
from local.cli.run import Dag
from local.cli.viewers import Port, Viewer, view
from local.stack.config import HOST

SERVER = "org.apache.spark.deploy.history.HistoryServer"


def history(dag: Dag, run_id: RunId = None, port: Port = 18080) -> None:
    """Open Spark's history server on the jobs of a pipeline's latest run, until Ctrl-C."""
    view(SPARK_HISTORY, dag, run_id, port)


def _command(image: Path, folder: Path, port: int) -> tuple[list[str | Path], Mapping[str, str]]:
    [home] = image.glob("lib/python3*/site-packages/pyspark")
    options = {
        "spark.history.fs.logDirectory": folder.as_uri(),
        "spark.history.ui.port": str(port),
        "spark.history.fs.update.interval": "10s",
    }
    variables = {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_PUBLIC_DNS": HOST,
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_HISTORY_OPTS": " ".join(f"-D{name}={value}" for name, value in options.items()),
    }
    return [home / "bin" / "spark-class", SERVER], variables


SPARK_HISTORY = Viewer("Spark's history server", "Spark event logs", "spark-events", "spark", _command)
