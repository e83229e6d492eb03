"""A Spark application as a SageMaker Processing job.

Follows the contract of AWS's managed Spark image: ``smspark-submit`` is the entry
point, dependencies are inputs, and configuration is a list of EMR classifications.
https://docs.aws.amazon.com/sagemaker/latest/dg/use-spark-processing-container.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, Instances, ProcessingJob

EVENT_LOGS = "/opt/ml/processing/spark-events/"

Classification = Mapping[str, Any]
"""``{"Classification": "spark-defaults", "Properties": {...}, "Configurations": [...]}``"""


def spark_job(
    application: str,
    *,
    code: Bundle,
    instances: Instances,
    main_class: str | None = None,
    arguments: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    files: Mapping[str, Bundle] | None = None,
    py_files: str | None = None,
    jars: str | None = None,
    configuration: Sequence[Classification] = (),
    event_logs: str | None = None,
    environment: Mapping[str, str] | None = None,
    metrics: str | None = None,
    image: str = "spark",
) -> ProcessingJob:
    """A PySpark script, or a JAR with its main class, on as many hosts as there are instances.

    The application may open ``s3://`` URIs. On several hosts it has to: what is in a folder of one, an input
    or an output of the job, is not in those of the others.

    ``application`` is a file of ``code``. ``py_files``, ``jars`` and ``event_logs`` are S3 prefixes: of
    modules and JARs to put on the application's path, and for the history server. ``configuration``
    overrides any classification (spark-defaults, hive-site, core-site, ...). The rest is as in
    ``ProcessingJob``.

    Raises:
        ValueError: a JAR without a main class, a script with one, or a configuration
            entry without ``Classification``.
    """
    if application.endswith(".jar") != bool(main_class):
        raise ValueError(
            f"application {application!r} with main_class {main_class!r}: "
            "a JAR needs its main class, a script has none"
        )
    command = ["smspark-submit"]
    if py_files:
        command += ["--py-files", f"{INPUT}/py-files"]
    if jars:
        command += ["--jars", f"{INPUT}/jars"]
    if main_class:
        command += ["--class", main_class]
    if event_logs:
        command += ["--local-spark-event-logs-dir", EVENT_LOGS]
    dependencies = {"py-files": py_files, "jars": jars}
    return ProcessingJob(
        image=image,
        command=[*command, f"{INPUT}/code/{application}"],
        arguments=arguments,
        instances=instances,
        inputs={**(inputs or {}), **{name: uri for name, uri in dependencies.items() if uri}},
        outputs=outputs or {},
        continuous_outputs={"spark-events": (EVENT_LOGS, event_logs)} if event_logs else {},
        files={"code": code, **(files or {}), **_configuration_file(configuration)},
        environment=environment or {},
        metrics=metrics,
    )


def s3_encryption(kms_key: str | None) -> Sequence[Classification]:
    """The configuration with which an application encrypts what it writes to S3; none without a key."""
    if not kms_key:
        return ()
    properties = {"fs.s3a.encryption.algorithm": "SSE-KMS", "fs.s3a.encryption.key": kms_key}
    return ({"Classification": "core-site", "Properties": properties},)


def check_network(run: Run) -> None:
    """Raises `ValueError` where an application could not reach S3 by itself."""
    if run.settings.network_isolation:
        raise ValueError(
            "MILLRACE_NETWORK_ISOLATION is on, and an isolated container cannot reach S3, from which Spark "
            "reads: turn it off and keep the job inside a VPC (MILLRACE_SUBNETS, MILLRACE_SECURITY_GROUPS) "
            "with an endpoint of S3."
        )


def _configuration_file(configuration: Sequence[Classification]) -> dict[str, Bundle]:
    if not configuration:
        return {}
    for entry in configuration:
        if "Classification" not in entry:
            raise ValueError(f"configuration entry {entry!r} has no 'Classification', e.g. 'spark-defaults'")
    return {"conf": Bundle({"configuration.json": json.dumps(list(configuration)).encode()})}
