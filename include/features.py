"""Features on their way into Feature Store.

What the job does is written at ``include/jobs/features/ingest.py``.
"""

from collections.abc import Mapping

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob

PROCESSES = 0
"""As many as the host has cores."""


def ingestion(
    run: Run,
    features: str,
    groups: Mapping[str, str],
    *,
    instances: Instances,
    metrics: str,
    previous: str | None = None,
    processes: int = PROCESSES,
    threads: int = 8,
) -> ProcessingJob:
    """Puts Parquet files into feature groups, every row as a record.

    Args:
        run: of which pipeline.
        features: the S3 URI of a folder with one folder for each group.
        groups: folder -> name of its feature group.
        instances: one is used.
        metrics: the S3 URI of the folder that ``metrics.json`` goes to: records, written, unchanged, refused,
            seconds, records_per_second, and records_<folder> of each.
        previous: the same folders as an earlier run has ingested them. Only records that differ in something
            other than their event time are written then: it costs less, but what has not changed keeps its
            earlier event time, in both stores, and expires by it where the group has a ttl.
        processes: that write at a time; 0 is as many as the host has cores.
        threads: of each process; requests that are under way at a time are processes times threads.

    Raises:
        ValueError: there is no group, or the containers have no network to reach Feature Store by.
    """
    if not groups:
        raise ValueError("groups is empty: name the feature group of each folder")
    if run.settings.network_isolation:
        raise ValueError(
            "MILLRACE_NETWORK_ISOLATION is true: a container without network cannot reach Feature Store. Put "
            "its jobs into a VPC instead"
        )
    return ProcessingJob(
        image="spark",
        command=["python3", f"{INPUT}/code/ingest.py"],
        arguments=[
            *("--features", f"{INPUT}/features"),
            *(part for folder, group in groups.items() for part in ("--group", f"{folder}={group}")),
            *(("--previous", f"{INPUT}/previous") if previous else ()),
            *("--processes", str(processes)),
            *("--threads", str(threads)),
            *("--metrics", f"{OUTPUT}/metrics"),
        ],
        instances=instances,
        inputs={"features": features, **({"previous": previous} if previous else {})},
        outputs={"metrics": metrics},
        files={"code": Bundle.of_job("features")},
        metrics="metrics",
    )
