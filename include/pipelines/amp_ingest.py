"""Requests and decisions of the pipeline by which events of live shows come in."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from include.bundles import Bundle
from include.cloudformation import Stack
from include.lag import Backlog, Bound, Measure, Metric
from include.naming import hyphenated
from include.run import Run

INCLUDE = Path(__file__).parents[1]
TEMPLATE = INCLUDE / "infrastructure" / "amp_ingest.yaml"
FUNCTIONS = {
    "ShowChangesCode": "show_changes",
    "FlattenEventsCode": "flatten_events",
    "PitFeaturesCode": "pit_features",
}
"""Parameter of the template -> folder of ``include/functions``."""
QUEUES = ("ShowChanges", "PitFeatures")
"""Whose dead letters may be brought back; outputs are ``<name>QueueUrl`` and ``<name>DeadLettersUrl``."""
CATALOG_AGE = "catalog.oldest_milliseconds"
"""Name of the measure of how long a show has been on its way to the catalog in Redis; not without Redis."""
LOG_DAYS = 90
SAMPLE_SHOWS = 50
TITLES = ("Late Night Vinyl", "Sunday Soul", "First Listen", "Extra Innings", "The Deep Cut")
TOPICS = ("pop", "soul", "jazz", "baseball", "politics", "house", "folk")

Outputs = Mapping[str, str]


def functions(_run: Run) -> dict[str, Bundle]:
    """The functions' code, by the parameter of the template that says where it is."""
    return {name: Bundle.of_function(folder) for name, folder in FUNCTIONS.items()}


def stack(run: Run, code: Mapping[str, str]) -> Stack:
    """All that events go through.

    Args:
        run: with the bounds of the alarms.
        code: parameter of the template -> key of an archive in the environment's bucket.

    Raises:
        ValueError: a setting is missing.
    """
    settings = run.settings
    for name in ("catalog_url", "raw_bucket", "output_kms_key"):
        if not getattr(settings, name):
            raise ValueError(f"MILLRACE_{name.upper()} is not set: nothing can come in without it")
    _, partition, _, region, account, _ = settings.failures_topic_arn.split(":")
    token = settings.catalog_token
    return Stack(
        name=hyphenated("millrace", settings.environment, settings.tenant, "amp_ingest"),
        template=TEMPLATE.read_text(),
        parameters={
            "Environment": settings.environment,
            "Tenant": settings.tenant,
            "Team": settings.team,
            "KmsKeyArn": str(settings.output_kms_key),
            "RawBucket": str(settings.raw_bucket),
            "CodeBucket": settings.bucket,
            "CatalogUrl": str(settings.catalog_url),
            "RedisSecretArn": settings.redis_secret_arn or "",
            "Subnets": ",".join(settings.subnets),
            "SecurityGroups": ",".join(settings.security_groups),
            "AlarmTopicArn": settings.failures_topic_arn,
            "LogDays": str(LOG_DAYS),
            "BufferSeconds": str(run.params["buffer_seconds"]),
            "Shards": str(run.params["shards"]),
            "OldestMessageSeconds": str(max(60, run.params["max_wait_seconds"])),
            "OldestRecordSeconds": str(max(60, run.params["max_wait_seconds"])),
            **code,
        },
        secrets={"CatalogToken": token.get_secret_value() if token else ""},
        role_arn=f"arn:{partition}:iam::{account}:role/millrace-{settings.environment}-provisioning-{region}",
        tags={"environment": settings.environment, "team": settings.team},
    )


# Lag


def measures(outputs: Outputs) -> dict[str, Measure]:
    """What is asked about queues, stream and delivery, by name."""
    found: dict[str, Measure] = {}
    for name in _queues(outputs):
        queue = outputs[f"{name}QueueUrl"].rpartition("/")[2]
        found[f"{name}.oldest_seconds"] = Metric(
            "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue
        )
        found[f"{name}.waiting"] = Backlog(outputs[f"{name}QueueUrl"])
        found[f"{name}.dead_letters"] = Backlog(outputs[f"{name}DeadLettersUrl"])
    stream, delivery = outputs["ShowStreamName"], outputs["ShowDeliveryName"]
    found["stream.oldest_milliseconds"] = Metric(
        "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", stream
    )
    found["delivery.oldest_seconds"] = Metric(
        "AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", delivery
    )
    if function := outputs.get("PitFeaturesFunctionName"):
        found[CATALOG_AGE] = Metric("AWS/Lambda", "IteratorAge", "FunctionName", function)
    return found


def bounds(run: Run, outputs: Outputs) -> list[Bound]:
    """What is too much, and what to do then."""
    seconds, waiting = run.params["max_wait_seconds"], run.params["max_waiting"]
    log = "look at the log of the function of the queue, and at what it asks"
    queues = [
        bound
        for name in _queues(outputs)
        for bound in (
            Bound(f"{name}.oldest_seconds", seconds, log),
            Bound(f"{name}.waiting", waiting, log),
            Bound(
                f"{name}.dead_letters",
                run.params["max_dead_letters"],
                "the log of the function says why; run with replay once that is mended",
            ),
        )
    ]
    delivered = "look at the log of the delivery stream"
    kept = [Bound(CATALOG_AGE, 1000 * seconds, "look at the log of the function pit_features, and at Redis")]
    return [
        *queues,
        *(kept if "PitFeaturesFunctionName" in outputs else []),
        Bound("stream.oldest_milliseconds", 1000 * seconds, "look at the logs of who reads it"),
        # What is buffered is not late.
        Bound("delivery.oldest_seconds", seconds + 2 * run.params["buffer_seconds"], delivered),
    ]


def warns(run: Run) -> bool:
    """Whether a bound that is exceeded fails nothing."""
    return bool(run.params["on_breach"] == "warn")


def replayed(run: Run, outputs: Outputs) -> dict[str, str]:
    """URL of a dead-letter queue -> URL of the queue that its messages came from; empty for no replay."""
    if not run.params["replay"]:
        return {}
    return {outputs[f"{name}DeadLettersUrl"]: outputs[f"{name}QueueUrl"] for name in _queues(outputs)}


def _queues(outputs: Outputs) -> list[str]:
    """Without Redis there is no queue of listeners' events."""
    return [name for name in QUEUES if f"{name}QueueUrl" in outputs]


# The sample


def sample_catalog_uri(run: Run) -> str:
    """Where the made-up catalog stands, which the local AWS serves over HTTP."""
    return run.live_uri("catalog")


def sample_catalog(run: Run) -> dict[str, dict[str, Any]]:
    """URI in S3 -> what the catalog answers about a made-up show.

    Raises:
        ValueError: the catalog is a real one, which does not know made-up shows.
    """
    count, place = run.params["events"], sample_catalog_uri(run)
    if count and not str(run.settings.catalog_url).endswith(f"/{place.removeprefix('s3://')}"):
        raise ValueError(
            f"events is {count}, and the catalog is {run.settings.catalog_url}: it knows no made-up shows. "
            "Leave events at 0, or try it on a laptop."
        )
    return {
        f"{place}/shows/{_show_id(number)}": _show(run, number) for number in range(min(count, SAMPLE_SHOWS))
    }


def sample_changes(run: Run) -> list[dict[str, str]]:
    """Changes of made-up shows, as many as the form says: the same for every try of a run."""
    return [
        {
            "event_id": _event_id(run, number),
            "event_type": "show_changed",
            "event_time": _text(run.run_after),
            "show_id": _show_id(number % SAMPLE_SHOWS),
        }
        for number in range(run.params["events"])
    ]


def arrivals(run: Run, now: datetime) -> list[str]:
    """URIs of the folders in which events of the run may have arrived until now."""
    first, last = (moment.astimezone(UTC) for moment in (run.run_after, now))
    return [run.raw_uri("amp", "events", f"{hour:%Y/%m/%d/%H}") + "/" for hour in _hours(first, last)]


def sample_ids(run: Run) -> frozenset[str]:
    """Event ids of the sample."""
    return frozenset(_event_id(run, number) for number in range(run.params["events"]))


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    hour = first.replace(minute=0, second=0, microsecond=0)
    while hour <= last:
        yield hour
        hour += timedelta(hours=1)


def _event_id(run: Run, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run.dag_id} {run.run_id} {number}"))


def _show_id(number: int) -> str:
    """Of a made-up show."""
    return f"s{90_000_000 + number}"


def _show(run: Run, number: int) -> dict[str, Any]:
    """As a catalog answers: more than is wanted, and nested."""
    return {
        "show_id": _show_id(number),
        "title": f"{TITLES[number % len(TITLES)]} {number // len(TITLES) + 1}",
        "status": ("scheduled", "live")[number % 2],
        "topics": [TOPICS[number % len(TOPICS)], TOPICS[(number + 3) % len(TOPICS)]],
        "creator": {"id": f"c{900_000 + number % 7}", "name": "Somebody", "email": "nobody@example.com"},
        "schedule": {
            "starts_at": _text(run.run_after + timedelta(hours=number % 48)),
            "minutes": 30 + 15 * (number % 4),
            "time_zone": "UTC",
        },
        "artwork": {"url": f"https://example.com/{number}.png"},
    }


def _text(moment: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
