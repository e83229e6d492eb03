"""A lake of events is brought up to date, in a DAG of its own and in those that read it."""

from collections.abc import Mapping
from typing import Any, Protocol

from airflow.sdk import Asset, Param, TaskGroup, chain

from include.emr_on_eks import EmrSparkJob
from include.glue import Crawler
from include.run import Run
from include.sagemaker import ProcessingJob
from millrace.operators.emr import SparkOnEksOperator
from millrace.operators.gates import QualityGateOperator
from millrace.operators.glue import CrawlerOperator
from millrace.params import count, fraction


class LakeSpec(Protocol):
    """What a pipeline says of its lake."""

    def build(self, run: Run) -> EmrSparkJob:
        """The job that takes what has arrived."""

    def quality(self, run: Run, built: Mapping[str, float]) -> ProcessingJob | None:
        """The gate over what was built; None if that was nothing."""

    def crawler(self, run: Run) -> Crawler:
        """Who keeps the Data Catalog."""


def lake_params() -> dict[str, Param]:
    """What forms ask about the build and its gate."""
    return {
        "executors": Param(
            2, type="integer", minimum=1, maximum=500, description="Executors that build the lake."
        ),
        "max_objects": Param(
            20_000, type="integer", minimum=1, maximum=100_000, description="Most raw objects of a run."
        ),
        "max_late_days": Param(
            30, type="integer", minimum=0, maximum=365, description="Events that arrive later are rejected."
        ),
        "retention_days": Param(
            400, type="integer", minimum=31, maximum=3650, description="Days of the lake that are older go."
        ),
        "max_rejected_fraction": fraction(0.01, "Largest share of lines that may be rejected."),
        "known_missing_days": Param(
            [],
            type="array",
            items={"type": "string", "format": "date"},
            description="Days without events that are no fault.",
        ),
        "again": Param(False, type="boolean", description="Look at every raw object again."),
    }


def sample_params(days: int) -> dict[str, Param]:
    """What forms ask about a sample world, see `include.pipelines.amp.sample_world`."""
    return {
        "events": Param(
            None,
            type=["null", "integer"],
            minimum=1000,
            maximum=100_000_000,
            description="Make a sample world of so many events first; empty for what has arrived.",
        ),
        "sample_days": count(days, 1, 400, "Days over which the sample is spread."),
    }


def update_lake(spec: LakeSpec, asset: Asset) -> TaskGroup:
    """Builds, checks what was built, and brings the catalog to it; the asset is of a lake that was checked.

    Builds of all DAGs take turns, as two would each publish a file without the rows of the other.
    """
    with TaskGroup("lake", prefix_group_id=False) as group:
        # What comes before may have had nothing to do.
        build = SparkOnEksOperator(
            task_id="build_lake", build=spec.build, pool="lake", trigger_rule="none_failed"
        )
        built: Any = build.output
        checked = QualityGateOperator(
            task_id="check_lake",
            build=spec.quality,
            arguments={"built": built["metrics"]},
            pool="spark",
            outlets=[asset],
        )
        chain(build, checked, CrawlerOperator(task_id="crawl_lake", build=spec.crawler))
    return group
