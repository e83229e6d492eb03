"""Requests and decisions of the daily features of listeners, creators and shows.

Data: the lake of ``amp_lake``. docs/features.md defines the 21 features.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from include import features
from include.bundles import Bundle
from include.days import named_day
from include.naming import feature_group_name
from include.pipelines import amp
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, FeatureGroup, FeatureType, Instances, ProcessingJob
from include.spark import Classification, check_network, s3_encryption, spark_job

SUITE = Path(__file__).parents[1] / "expectations" / "amp_batch_features.json"
EVENT_TIME = "event_time"
"""The day whose begin ends the window, as ``2026-05-31T00:00:00Z``; it is the version of a record."""
PARTITIONS = "64"
"""Into which Spark sorts rows at most; it joins small ones, and ``shuffles.py`` asks for fewer."""


@dataclass(frozen=True)
class Group:
    """A feature group: what identifies a record, and all its columns with their types in Feature Store."""

    key: str
    features: dict[str, FeatureType]


GROUPS = {
    "user": Group(
        "user_id",
        {
            "user_id": "String",
            EVENT_TIME: "String",
            "listening_minutes": "Fractional",
            "sessions": "Integral",
            "long_sessions": "Integral",
            "shows_liked": "Integral",
            "creators_followed": "Integral",
            "notifications_enabled": "Integral",
            "active_days": "Integral",
        },
    ),
    "creator": Group(
        "creator_id",
        {
            "creator_id": "String",
            EVENT_TIME: "String",
            "recent_plays": "Integral",
            "distinct_listeners": "Integral",
            "mean_listening_minutes": "Fractional",
            "likes": "Integral",
            "followers": "Integral",
            "shows_hosted": "Integral",
        },
    ),
    "show": Group(
        "show_id",
        {
            "show_id": "String",
            EVENT_TIME: "String",
            "listens": "Integral",
            "likes": "Integral",
            "mean_completion": "Fractional",
        },
    ),
    "user_topic": Group(
        "user_topic",
        {
            "user_topic": "String",
            "user_id": "String",
            "topic": "String",
            EVENT_TIME: "String",
            "affinity": "Fractional",
            "likes": "Integral",
            "declared": "Integral",
        },
    ),
    "user_creator": Group(
        "user_creator",
        {
            "user_creator": "String",
            "user_id": "String",
            "creator_id": "String",
            EVENT_TIME: "String",
            "affinity": "Fractional",
            "long_sessions": "Integral",
        },
    ),
}
"""The five groups. The columns are those of the Parquet below ``features_uri``, in that order."""


def day(run: Run) -> date:
    """The day of the newest version: that of the partition, or as the form says, else the day of the run.

    Raises:
        ValueError: there is no such day, it has not begun, so that the window before it is not over, or form
            and partition name two.
    """
    chosen = named_day(run) or run.run_after.date()
    if chosen > run.run_after.date():
        raise ValueError(
            f"the day {chosen} has not begun when the run starts at {run.run_after:%Y-%m-%d %H:%M}: its "
            "window ends with its first instant; give that day or an earlier one"
        )
    return chosen


def features_uri(run: Run, group: str) -> str:
    """The Parquet of a group: ``part-YYYY-MM-DD-NNNNN.parquet`` for each version."""
    return run.uri("features", group)


def sample(run: Run) -> ProcessingJob | None:
    """Events of a sample world until the day, as services would have sent them; none unless asked for.

    A world that is there already gets the days that it lacks.

    Raises:
        ValueError: the job could not reach S3, there is no lake in this environment, or the day is none,
            which is told before anything is done.
    """
    return amp.sample_world(run, day(run), _instances(run))


def partials(run: Run) -> ProcessingJob:
    """Aggregates of the days of the lake that have changed, and the base before the window.

    Raises:
        ValueError: the job could not reach S3, there is no lake in this environment, or the day is none.
    """
    return _spark(
        run,
        "build_partials.py",
        *("--lake", run.curated_uri("amp")),
        *("--partials", run.live_uri("partials")),
        *_days(run),
        *_known_missing_days(run),
        *("--report", f"{OUTPUT}/partials"),
        output="partials",
    )


def roll_up(run: Run) -> ProcessingJob:
    """The five groups of the day and of the versions before it, from partials alone."""
    return _spark(
        run,
        "roll_up.py",
        *("--partials", run.live_uri("partials")),
        *("--output", run.uri("features")),
        *_days(run),
        *_known_missing_days(run),
        *("--report", f"{OUTPUT}/rolled_up"),
        output="rolled_up",
    )


def quality(run: Run) -> ProcessingJob:
    """The Great Expectations suite over the newest version, compared with the one before."""
    check_network(run)
    return spark_job(
        "check_features.py",
        code=_code(),
        files={"suite": Bundle.of(SUITE)},
        instances=_instances(run),
        arguments=[
            *("--features", run.uri("features")),
            *("--history", run.live_uri("versions")),
            *("--day", day(run).isoformat()),
            *("--suite", f"{INPUT}/suite/{SUITE.name}"),
            *("--max-change", str(run.params["max_change"])),
            *("--output", f"{OUTPUT}/report"),
            *_key(run),
        ],
        outputs={"report": run.uri("quality")},
        event_logs=run.uri("spark-events"),
        configuration=_configuration(run),
    )


def feature_group(run: Run, group: str) -> FeatureGroup:
    """A group's definition; its offline store is where the pipeline's own aggregates are."""
    definition = GROUPS[group]
    return FeatureGroup(
        name=group_name(run, group),
        record_identifier=definition.key,
        event_time=EVENT_TIME,
        features=definition.features,
        offline=run.live_uri("offline-store"),
        description=f"Daily features of live shows by {definition.key}; see docs/features.md",
    )


def group_name(run: Run, group: str) -> str:
    """What SageMaker calls a group."""
    return feature_group_name(run.settings.environment, run.settings.tenant, "amp", group)


def ingestion(run: Run) -> ProcessingJob:
    """Every record of this run into its group, online and offline."""
    return features.ingestion(
        run,
        run.uri("features"),
        {group: group_name(run, group) for group in GROUPS},
        instances=_instances(run),
        metrics=run.uri("ingested"),
    )


def _spark(run: Run, script: str, *arguments: str, output: str) -> ProcessingJob:
    check_network(run)
    return spark_job(
        script,
        code=_code(),
        instances=_instances(run),
        arguments=[*arguments, *_key(run)],
        outputs={output: run.uri(output)},
        event_logs=run.uri("spark-events"),
        configuration=_configuration(run),
        metrics=output,
    )


def _days(run: Run) -> list[str]:
    return ["--day", day(run).isoformat(), "--versions", str(run.params["versions"])]


def _known_missing_days(run: Run) -> list[str]:
    known = run.params["known_missing_days"]
    return ["--known-missing-days", *known] if known else []


def _key(run: Run) -> list[str]:
    key = run.settings.output_kms_key
    return ["--kms-key", key] if key else []


def _configuration(run: Run) -> list[Classification]:
    sql = {"spark.sql.shuffle.partitions": PARTITIONS}
    spark: Classification = {"Classification": "spark-defaults", "Properties": sql}
    return [*s3_encryption(run.settings.output_kms_key), spark]


def _code() -> Bundle:
    return Bundle.of_job("amp_batch_features", "amp", "datasets")


def _instances(run: Run) -> Instances:
    return Instances(run.params["instance_type"], run.params["instance_count"])
