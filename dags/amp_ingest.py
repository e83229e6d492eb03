"""### Amp: what comes in, and does all of it come in?

Provisions the way by which events of live shows come in, watches it, and brings dead letters back. A change
of a show goes from a topic through a queue to a function that asks the catalog, on through a stream and a
delivery stream, which has it flattened, to the raw bucket, a minute later, and from the stream to the catalog
in Redis, by which the recommender ranks. Likes and sessions go through a queue of their own to the counters
there.

**Takes** `include/infrastructure/amp_ingest.yaml` and the functions of `include/functions`, as they are; the
catalog is at `MILLRACE_CATALOG_URL`. On a laptop `events` publishes so many changes of made-up shows.

**Leaves** a stack that is up to date, gzipped JSON Lines under `<tenant>/amp/events/YYYY/MM/DD/HH/` of the
raw bucket, which `amp_lake` reads, and how far behind every part is. Each change comes in at least once; the
lake keeps one of each `event_id`.

**If it fails:** the sentence says which bound was exceeded, by what, and where to look. Dead letters are kept
for 14 days: mend what the function's log names, then run with `replay`. A stack that could not be changed
went back to what it was; the task's log begins with the resource that failed.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import amp_ingest as spec
from millrace.defaults import DEFAULT_ARGS
from millrace.operators.cloudformation import StackOperator
from millrace.operators.queues import LagGateOperator, ReplayOperator
from millrace.operators.topics import PublishOperator
from millrace.params import count
from millrace.sensors.arrivals import ArrivalsSensor
from millrace.sensors.cloudformation import StackSensor

PARAMS = {
    "events": count(0, 0, 100_000, "Changes of made-up shows to publish; only where the catalog is made up."),
    "replay": Param(False, type="boolean", description="Send dead letters back to their queues."),
    "max_wait_seconds": count(900, 1, 86_400, "Longest time that something may wait in a queue or stream."),
    "max_waiting": count(100_000, 0, 10_000_000, "Most messages that may wait in a queue."),
    "max_dead_letters": count(0, 0, 10_000_000, "Most dead letters of a queue."),
    "on_breach": Param("fail", enum=["fail", "warn"], description="What to do where a bound is exceeded."),
    "buffer_seconds": count(60, 0, 900, "How long Firehose collects events for an object."),
    "shards": count(1, 1, 500, "Shards of the stream; each takes a thousand records a second."),
}


@dag(
    schedule="*/15 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "events", "lambda", "kinesis", "firehose", "sqs"],
    doc_md=__doc__,
)
def amp_ingest() -> None:
    """What is asked for, until it is there; dead letters; a sample, until it has arrived; the gate."""
    asked = StackOperator(task_id="provision", functions=spec.functions, build=spec.stack)
    stack = StackSensor(
        task_id="provisioned",
        stack=asked.output["stack"],
        changed=asked.output["changed"],
        timeout=timedelta(hours=1),
    )
    replay = ReplayOperator(task_id="replay", outputs=stack.output, queues=spec.replayed)
    sample = PublishOperator(
        task_id="publish_sample",
        topic=stack.output["ShowChangesTopicArn"],
        messages=spec.sample_changes,
        documents=spec.sample_catalog,
        trigger_rule="none_failed",
    )
    arrived = ArrivalsSensor(
        task_id="sample_arrived",
        folders=spec.arrivals,
        ids=spec.sample_ids,
        timeout=timedelta(minutes=30),
    )
    watch = LagGateOperator(
        task_id="watch",
        outputs=stack.output,
        measures=spec.measures,
        bounds=spec.bounds,
        warns=spec.warns,
        trigger_rule="none_failed",
    )
    chain(asked, stack, replay, sample, arrived, watch)


amp_ingest()
