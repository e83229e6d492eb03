"""Requests and decisions of the lake's pipeline, and of others that bring the lake up to date first.

Data: events of live shows as services sent them, JSON Lines by the hour of arrival in the raw bucket.
"""

from collections.abc import Mapping
from pathlib import Path

from include.bundles import Bundle
from include.emr_on_eks import EmrSparkJob, Pods, s3_encryption
from include.glue import Crawler
from include.naming import database_name, resource_name
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.spark import check_network, spark_job

PIPELINE = "amp_lake"
"""Whose bookmark it is, whichever pipeline brings the lake up to date."""
SUITE = Path(__file__).parents[1] / "expectations" / "amp_lake.json"


def build(run: Run) -> EmrSparkJob:
    """The events that have arrived since the last run, in the tables of the lake.

    Raises:
        ValueError: there is no lake in this environment, or days would be deleted while events may still come
            for them.
    """
    retention, late = run.params["retention_days"], run.params["max_late_days"]
    if retention <= late:
        raise ValueError(
            f"retention_days {retention} must be more than max_late_days {late}: days would be deleted for "
            "which events may still come"
        )
    key = run.settings.output_kms_key
    return EmrSparkJob(
        "build_lake.py",
        code=_code(),
        pods=Pods(executors=run.params["executors"]),
        arguments=[
            *("--events", run.raw_uri("amp", "events")),
            *("--lake", lake(run)),
            *("--live", run.live_uri(pipeline=PIPELINE)),
            *("--staging", run.staging_uri()),
            *("--report", run.uri("build")),
            *("--max-late-days", str(late)),
            *("--retention-days", str(retention)),
            *("--max-objects", str(run.params["max_objects"])),
            *(("--again",) if run.params["again"] else ()),
            *(("--kms-key", key) if key else ()),
        ],
        configuration=s3_encryption(key),
        metrics=run.uri("build", "metrics.json"),
    )


def quality(run: Run, built: Mapping[str, float]) -> ProcessingJob | None:
    """The Great Expectations suite over the partitions that were written, and what has not come at all.

    Nothing is looked at after a build that found nothing new.
    """
    check_network(run)
    if not built["objects"]:
        return None
    known = run.params["known_missing_days"]
    return spark_job(
        "check_lake.py",
        code=_code(),
        files={"suite": Bundle.of(SUITE)},
        instances=_instances(run),
        arguments=[
            *("--lake", lake(run)),
            *("--build", f"{INPUT}/build"),
            *("--suite", f"{INPUT}/suite/{SUITE.name}"),
            *("--max-rejected-fraction", str(run.params["max_rejected_fraction"])),
            *(("--known-missing-days", *known) if known else ()),
            *("--output", f"{OUTPUT}/report"),
        ],
        inputs={"build": run.uri("build")},
        # Whose run it is may have a gate of its own.
        outputs={"report": run.uri("lake-quality")},
        event_logs=run.uri("spark-events"),
    )


def crawler(run: Run) -> Crawler:
    """The tables of the Data Catalog, as the lake has them."""
    settings = run.settings
    return Crawler(
        name=resource_name(settings.environment, settings.tenant, PIPELINE),
        database=database_name(settings.environment, settings.tenant, "amp"),
        targets=[f"{lake(run)}/"],
        description="Tables and columns of the lake of live shows",
    )


def lake(run: Run) -> str:
    """Where the tables stand."""
    return run.curated_uri("amp")


def _code() -> Bundle:
    return Bundle.of_job("amp_lake", "amp", "datasets")


def _instances(run: Run) -> Instances:
    return Instances(run.params["instance_type"])
