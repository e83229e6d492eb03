"""Spark's own configuration, before a job's: for one host, or for a cluster of them."""

import tempfile
from pathlib import Path

import machine  # type: ignore[import-not-found]
import storage  # type: ignore[import-not-found]
from layout import Layout  # type: ignore[import-not-found]

LEAST_MB = 1024
"""Spark refuses to start in half of it."""

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


def spark_defaults(layout: Layout, event_logs: Path | None) -> dict[str, str]:
    """Properties that suit the job's hosts; the job's own ``spark-defaults`` change them one by one."""
    values = {
        "spark.driver.bindAddress": layout.address,
        "spark.driver.host": layout.address,
        "spark.driver.defaultJavaOptions": java_options(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # A constant, so that the same job splits its rows alike on every machine.
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "spark-warehouse"),
        **storage.committers(),
        **(_cluster(layout) if layout.is_cluster else _one_host()),
    }
    if event_logs:
        event_logs.mkdir(parents=True, exist_ok=True)
        values |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": event_logs.resolve().as_uri()}
        values |= {"spark.eventLog.rolling.enabled": "false"}
    return values


def java_options() -> str:
    """For driver, executors, master and workers."""
    # Names of files travel in this charset; Java 17 would take it from the locale.
    options = "-Dfile.encoding=UTF-8"
    if machine.on_a_laptop():
        # Jobs are short and cores few: the optimising compiler costs more than it gives back.
        options += " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    return options


def executor_mb(layout: Layout) -> int:
    """The executor of a host: three quarters of what Spark may take there, the driver has the last one."""
    return max(LEAST_MB, _host_mb(layout) * 3 // 4)


def executor_cores(layout: Layout) -> int:
    """All cores of a host; on a laptop the hosts share them."""
    cores: int = machine.cores()
    return max(1, cores // len(layout.addresses)) if machine.on_a_laptop() else cores


def _one_host() -> dict[str, str]:
    # Driver and executor are one process: nobody outside of this host has to reach it.
    return {"spark.master": "local[*]", "spark.driver.memory": f"{machine.memory_mb()}m"}


def _cluster(layout: Layout) -> dict[str, str]:
    cores = executor_cores(layout)
    return {
        "spark.master": layout.master,
        "spark.driver.memory": f"{max(LEAST_MB, _host_mb(layout) // 4)}m",
        "spark.executor.memory": f"{executor_mb(layout)}m",
        "spark.executor.cores": str(cores),
        "spark.executor.defaultJavaOptions": java_options(),
        # The first tasks wait for every host, or a short job would run on the first one alone.
        "spark.cores.max": str(cores * len(layout.addresses)),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
    }


def _host_mb(layout: Layout) -> int:
    """On a laptop the hosts share what one would have."""
    mb: int = machine.memory_mb()
    return mb // len(layout.addresses) if machine.on_a_laptop() else mb
