"""Jobs to which AWS gives an id: launched once, adopted, stopped and heard of like those that have a name."""

import asyncio
import time
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.execution_time import task_runner

from include.bundles import Bundle
from include.emr_on_eks import EmrSparkJob
from include.naming import run_slug
from include.settings import settings
from millrace.errors import JobFailed
from millrace.finished_jobs import stop as stop_marked
from millrace.hooks.jobs import JobHook
from millrace.jobs import EMR_ON_EKS
from millrace.launching import STATE_KEY, RemoteJob
from millrace.operators.emr import SparkOnEksOperator
from millrace.sensors.job import JobCompletionSensor
from millrace.triggers import reconciliation
from millrace.triggers.job_event import JobEventTrigger
from tests.plugins.test_job_event_trigger import first_event, queues, until
from tests.plugins.test_job_operator import defer

METRICS = """
import json, os, sys, urllib.request
from rows import ROWS
bucket, _, key = sys.argv[1].removeprefix("s3://").partition("/")
address = f"{os.environ['AWS_ENDPOINT_URL']}/webhdfs/v1/{bucket}/{key}?op=CREATE&redirected=true"
user = os.environ["HADOOP_USER_NAME"]
body = json.dumps({"rows": ROWS}).encode()
urllib.request.urlopen(urllib.request.Request(f"{address}&user.name={user}", data=body, method="PUT"))
"""


@pytest.fixture
def emr(aws):
    return boto3.client("emr-containers")


@pytest.fixture
def spark(aws):
    """Makes an operator whose job run is a script; its image runs scripts by Python alone."""

    def make(code="pass", **kwargs):
        def build(run, metrics=None):
            uri = run.uri("metrics", "metrics.json")
            return EmrSparkJob(
                "main.py",
                code=Bundle({"main.py": code.encode(), "rows.py": b"ROWS = 3\n"}),
                arguments=[uri],
                metrics=uri if metrics else None,
                image="pyscript",
            )

        return SparkOnEksOperator(task_id="step", build=build, aws_conn_id=None, **kwargs)

    return make


def about(reference):
    cluster, _, id_ = reference.partition("/")
    return {"virtualClusterId": cluster, "id": id_}


def state(emr, reference):
    return emr.describe_job_run(**about(reference))["jobRun"]["state"]


def wait(emr, reference):
    while (found := state(emr, reference)) not in ("COMPLETED", "FAILED", "CANCELLED"):
        time.sleep(0.02)
    return found


def runs(emr, reference):
    """The ids of all job runs of the name that a reference has."""
    name = emr.describe_job_run(**about(reference))["jobRun"]["name"]
    cluster = about(reference)["virtualClusterId"]
    return [job["id"] for job in emr.list_job_runs(virtualClusterId=cluster, name=name)["jobRuns"]]


def kept(context):
    return RemoteJob.parse(context["task_state_store"].get(STATE_KEY))


def test_the_result_has_the_metrics_and_the_description_is_kept(spark, context, emr, s3):
    task = spark(METRICS, arguments={"metrics": True})
    trigger = defer(task, context)
    assert isinstance(trigger, JobEventTrigger)
    assert wait(emr, trigger.name) == "COMPLETED"
    result = spark(METRICS, arguments={"metrics": True}).resume(context, {"name": trigger.name})
    assert result["metrics"] == {"rows": 3}
    assert result["id"] == about(trigger.name)["id"]
    assert result["name"].startswith("local-testing-step-")
    assert result["description"].endswith(f"{run_slug(context['dag_run'].run_id)}/jobs/{result['name']}.json")
    job, log, _, _ = (link.get_link(task, ti_key=None) for link in task.operator_extra_links)
    assert job.endswith(f"/_millrace/jobs/emr-on-eks-job-runs/{result['id']}")
    assert log == f"{job}#log"


def test_what_is_launched_is_tagged_with_where_it_came_from(spark, context, emr):
    reference = defer(spark(), context).name
    tags = emr.describe_job_run(**about(reference))["jobRun"]["tags"]
    assert (tags["millrace:dag"], tags["millrace:run"]) == ("testing", context["dag_run"].run_id)


def test_a_failed_job_fails_the_task_with_the_reason_and_its_last_words(spark, context, emr):
    task = spark("print('the last words', flush=True); raise ValueError('no events')")
    reference = defer(task, context).name
    assert wait(emr, reference) == "FAILED"
    with pytest.raises(
        JobFailed, match=r"local-testing-step-\S+ is FAILED: USER_ERROR: ValueError: no events"
    ) as failed:
        task.resume(context)
    assert failed.value.permanent
    assert "the last words" in list(task.hook.log_tail(reference))


def test_a_retry_adopts_the_job_that_runs_and_replaces_the_one_that_failed(spark, context, emr, hold):
    first = defer(spark(hold.code + "raise SystemExit(1)"), context).name
    assert defer(spark(hold.code), context).name == first
    assert runs(emr, first) == [about(first)["id"]]
    hold.release()
    assert wait(emr, first) == "FAILED"
    second = defer(spark(), context).name
    assert second != first
    wait(emr, second)
    assert spark().execute(context)["id"] == about(second)["id"]


def test_a_worker_that_died_before_it_learned_the_id_leaves_a_job_that_is_found_by_name(
    spark, context, emr, hold, monkeypatch
):
    task = spark(hold.code)
    remember = task.remember

    def die_after_the_start(context, launch, name):
        if EMR_ON_EKS.sought(name) is None:
            raise KeyboardInterrupt
        remember(context, launch, name)

    monkeypatch.setattr(task, "remember", die_after_the_start)
    with pytest.raises(KeyboardInterrupt):
        task.execute(context)
    place, name = EMR_ON_EKS.sought(kept(context).name)
    assert (place, name.startswith("local-testing-step-")) == (settings().virtual_cluster_id, True)
    adopted = defer(spark(hold.code), context).name
    assert runs(emr, adopted) == [about(adopted)["id"]]
    assert kept(context).name == adopted


def test_a_start_that_lost_the_race_gets_the_same_job(spark, context, emr, hold):
    orphan = spark(hold.code)
    launch, _ = orphan.next_launch(context)
    retry = spark(hold.code)
    retry.next_launch(context)
    orphan.start(context, launch)
    reference = kept(context).name
    retry.start(context, launch)
    assert kept(context).name == reference
    assert runs(emr, reference) == [about(reference)["id"]]


def test_a_retry_that_finds_no_job_starts_the_same_name(spark, context, emr):
    """The worker died between writing the launch number and the start call."""
    task = spark()
    launch, _ = task.next_launch(context)
    assert task.hook.describe(kept(context).name) is None
    reference = defer(spark(), context).name
    assert spark().hook.describe(reference).name == task.job_name(context, launch)


def test_a_clear_stops_the_old_job_and_launches_anew(spark, context, emr, hold):
    first = defer(spark(hold.code), context).name
    context["ti"].max_tries = 5
    second = defer(spark(hold.code), context).name
    assert second != first
    assert wait(emr, first) == "CANCELLED"
    assert state(emr, second) in ("PENDING", "SUBMITTED", "RUNNING")


def test_a_task_killed_before_it_defers_stops_its_job_also_by_its_name(spark, context, emr, hold):
    task = spark(hold.code)
    reference = defer(task, context).name
    name = task.hook.describe(reference).name
    task._running = EMR_ON_EKS.reference(name, about(reference))
    task.on_kill()
    assert wait(emr, reference) == "CANCELLED"


def test_a_task_that_a_person_marked_stops_its_job(spark, context, emr, hold):
    """By what the API server finds in the task's state."""
    reference = defer(spark(hold.code), context).name
    job = kept(context)
    stop_marked(JobHook(EMR_ON_EKS, job.aws_conn_id, job.region_name), job.name, context["ti"])
    assert wait(emr, reference) == "CANCELLED"


def test_the_trigger_fires_on_the_event_of_its_job(spark, context, hold, monkeypatch):
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "3600")
    settings.cache_clear()
    trigger = defer(spark(hold.code), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until(queues)
        assert not waiting.done()
        hold.release()
        return await waiting

    assert asyncio.run(scenario()).payload == {"name": trigger.name}


def test_a_job_that_nobody_announced_is_described(spark, context, emr):
    reference = defer(spark(), context).name
    wait(emr, reference)

    class Client:
        async def describe_job_run(self, **request):
            return await asyncio.to_thread(emr.describe_job_run, **request)

    assert asyncio.run(reconciliation._described(Client(), EMR_ON_EKS, reference)) == "COMPLETED"


@pytest.mark.parametrize(("task_state", "expected"), [("failed", "CANCELLED"), ("deferred", "COMPLETED")])
def test_a_killed_trigger_stops_the_job_of_a_task_that_was_ended(
    spark, context, emr, hold, monkeypatch, task_state, expected
):
    trigger = defer(spark(hold.code), context)

    async def asend(message):
        return SimpleNamespace(task_states={message.run_ids[0]: {message.task_ids[0]: task_state}})

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend), raising=False)
    trigger.task_instance = SimpleNamespace(dag_id="testing", run_id="r", task_id="step", map_index=-1)
    asyncio.run(trigger.on_kill())
    hold.release()
    assert wait(emr, trigger.name) == expected


def test_a_sensor_waits_for_what_another_has_started(spark, context, emr):
    started = spark(wait_for_completion=False).execute(context)["name"]
    wait(emr, started)
    sensor = JobCompletionSensor(task_id="wait", kind=EMR_ON_EKS, job_name=started, aws_conn_id=None)
    assert sensor.execute(context)["id"] == about(started)["id"]
