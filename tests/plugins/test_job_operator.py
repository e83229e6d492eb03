"""Launching once, waiting, and stopping when told, against an AWS that executes."""

import json
import threading
import time

import pytest
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import (
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)
from botocore.exceptions import ClientError

from include.naming import run_slug
from include.sagemaker import Instances, ProcessingJob
from millrace.errors import JobFailed
from millrace.hooks.s3 import split
from millrace.operators.sagemaker import ProcessingJobOperator
from millrace.triggers.job_event import JobEventTrigger

WRITE_METRICS = """
import json, os, sys
os.makedirs(sys.argv[1], exist_ok=True)
json.dump({"rows": 3}, open(sys.argv[1] + "/metrics.json", "w"))
"""


def defer(operator, context):
    """Runs the task until it waits; the trigger it left."""
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    assert deferred.value.method_name == "resume"
    return deferred.value.trigger


def wait(sagemaker, name):
    """Waits by describing, which only a test may do."""
    while (status := describe(sagemaker, name)["ProcessingJobStatus"]) not in (
        "Completed",
        "Failed",
        "Stopped",
    ):
        time.sleep(0.02)
    return status


def describe(sagemaker, name):
    return sagemaker.describe_processing_job(ProcessingJobName=name)


def jobs_of(sagemaker, trigger):
    """Every job that the task of a trigger has launched."""
    prefix = trigger.name.rsplit("-", 1)[0]
    found = sagemaker.list_processing_jobs(NameContains=prefix)["ProcessingJobSummaries"]
    return sorted(job["ProcessingJobName"] for job in found)


def test_a_task_starts_its_job_and_waits_for_its_event(operator, context, sagemaker, hold):
    trigger = defer(operator(hold.code), context)
    assert isinstance(trigger, JobEventTrigger)
    assert describe(sagemaker, trigger.name)["ProcessingJobStatus"] == "InProgress"
    assert jobs_of(sagemaker, trigger) == [trigger.name]


def test_the_result_is_small_and_the_description_is_kept(operator, context, sagemaker, s3):
    task = operator(WRITE_METRICS, arguments={"metrics": "report"})
    name = defer(task, context).name
    wait(sagemaker, name)
    result = task.resume(context, {"name": name})
    assert result["metrics"] == {"rows": 3}
    assert result["outputs"]["report"].endswith("/report")
    assert result["seconds"] >= 0
    assert len(json.dumps(result)) < 1500
    bucket, key = split(result["description"])
    kept = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert kept["ProcessingJobName"] == name


def test_a_run_that_gives_a_task_nothing_to_do_skips_it(context, sagemaker):
    task = ProcessingJobOperator(task_id="step", build=lambda run: None, aws_conn_id=None)
    with pytest.raises(AirflowSkipException, match="give step nothing to do"):
        task.execute(context)


def test_a_clear_stops_the_old_job_also_where_nothing_can_follow_it(operator, context, sagemaker, hold):
    first = defer(operator(hold.code), context)
    context["ti"].max_tries = 5
    task = operator(hold.code)

    def build(run):
        raise ValueError("the settings have changed")

    task.build = build
    with pytest.raises(ValueError, match="have changed"):
        task.execute(context)
    assert wait(sagemaker, first.name) == "Stopped"


def test_a_full_quota_is_waited_for_and_the_launch_stays_the_same(
    operator, context, sagemaker, hold, monkeypatch
):
    task = operator(hold.code)
    answer = {"Error": {"Code": "ResourceLimitExceeded", "Message": "The account-level limit is 4."}}

    def full(name, request):
        raise ClientError(answer, "CreateProcessingJob")

    with monkeypatch.context() as patch:
        patch.setattr(task.hook, "start", full)
        for refusals in (1, 2):
            with pytest.raises(TaskDeferred) as deferred:
                task.execute_again(context, refusals=refusals - 1)
            assert isinstance(deferred.value.trigger, TimeDeltaTrigger)
            assert deferred.value.method_name == "execute_again"
            assert deferred.value.kwargs == {"refusals": refusals}
    later = operator(hold.code)
    with pytest.raises(TaskDeferred) as started:
        later.execute_again(context, {}, **deferred.value.kwargs)
    assert started.value.trigger.name.endswith("-1")
    assert describe(sagemaker, started.value.trigger.name)["ProcessingJobStatus"] == "InProgress"


def test_the_request_that_was_sent_is_shown(operator, context, sagemaker):
    task = operator()
    wait(sagemaker, defer(task, context).name)
    resumed = operator()
    resumed.resume(context)
    assert resumed.request == task.request
    assert resumed.request["AppSpecification"]["ImageUri"].endswith("/tiny:latest")


def test_what_is_launched_is_tagged_with_where_it_came_from(operator, context, sagemaker, hold):
    arn = describe(sagemaker, defer(operator(hold.code), context).name)["ProcessingJobArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags["millrace:dag"] == "testing"
    assert tags["millrace:run"] == context["dag_run"].run_id
    assert tags["millrace:task"] == "step"
    assert tags["millrace:environment"] == "local"


def kept(context, name):
    """The key under which a job's final description is kept."""
    return f"main/testing/{run_slug(context['dag_run'].run_id)}/jobs/{name}.json"


def test_a_failed_job_fails_the_task_with_the_reason_and_its_last_words(
    operator, context, sagemaker, s3, settings_now
):
    task = operator("print('the last words', flush=True); raise SystemExit(3)")
    name = defer(task, context).name
    assert wait(sagemaker, name) == "Failed"
    with pytest.raises(JobFailed, match=r"is Failed: .*exit code: 3") as failed:
        task.resume(context)
    assert failed.value.permanent, "a retry of code that fails would only be paid for"
    assert s3.head_object(Bucket=settings_now().bucket, Key=kept(context, name))
    assert "the last words" in list(task.hook.log_tail(name))


def test_the_log_tail_is_a_tail(operator, context, sagemaker):
    task = operator("for i in range(100): print(i)")
    name = defer(task, context).name
    wait(sagemaker, name)
    assert list(task.hook.log_tail(name, lines=3)) == ["97", "98", "99"]


def test_a_retry_adopts_the_job_that_runs(operator, context, sagemaker, hold):
    first = defer(operator(hold.code), context)
    second = defer(operator(hold.code), context)
    assert second.name == first.name
    assert jobs_of(sagemaker, first) == [first.name]


def test_a_retry_uses_the_job_that_succeeded(operator, context, sagemaker):
    trigger = defer(operator(), context)
    wait(sagemaker, trigger.name)
    assert operator().execute(context)["name"] == trigger.name
    assert jobs_of(sagemaker, trigger) == [trigger.name]


def test_a_retry_replaces_the_job_that_failed(operator, context, sagemaker):
    first = defer(operator("raise SystemExit(1)"), context)
    wait(sagemaker, first.name)
    second = defer(operator(), context)
    assert jobs_of(sagemaker, first) == sorted([first.name, second.name])
    assert len({first.name, second.name}) == 2


def test_a_retry_that_finds_no_job_starts_the_same_name(operator, context, sagemaker, hold):
    """The worker died between writing the launch number and the start call."""
    task = operator(hold.code)
    launch, _ = task.next_launch(context)
    trigger = defer(operator(hold.code), context)
    assert trigger.name == task.job_name(context, launch)


def test_a_start_that_lost_the_race_adopts(operator, context, sagemaker, hold):
    """An orphan of an earlier try makes the very same start call, and AWS refuses the second."""
    orphan = operator(hold.code)
    launch, _ = orphan.next_launch(context)
    retry = operator(hold.code)
    retry.next_launch(context)
    orphan.start(context, launch)
    retry.start(context, launch)
    assert (
        len(
            sagemaker.list_processing_jobs(NameContains=retry.job_name(context, launch))[
                "ProcessingJobSummaries"
            ]
        )
        == 1
    )


def test_a_clear_stops_the_old_job_and_launches_anew(operator, context, sagemaker, hold):
    first = defer(operator(hold.code), context)
    context["ti"].max_tries = 5
    second = defer(operator(hold.code), context)
    assert second.name != first.name
    assert wait(sagemaker, first.name) == "Stopped"
    assert describe(sagemaker, second.name)["ProcessingJobStatus"] == "InProgress"


def test_a_task_killed_before_it_defers_stops_its_job(operator, context, sagemaker, hold):
    task = operator(hold.code)
    name = defer(task, context).name
    task.on_kill()
    assert wait(sagemaker, name) == "Stopped"


@pytest.mark.parametrize("state", ["queued", "running", "scheduled", None])
def test_a_task_that_goes_on_elsewhere_keeps_its_job(operator, context, sagemaker, hold, state):
    """The scheduler died, and its successor has started another try."""
    task = operator(hold.code)
    context["ti"].get_task_states = lambda **asked: {asked["run_ids"][0]: {"step": state}}
    name = defer(task, context).name
    task.on_kill()
    time.sleep(0.1)
    assert describe(sagemaker, name)["ProcessingJobStatus"] == "InProgress"


@pytest.mark.parametrize("states", [{"step": "failed"}, {"step": "restarting"}, {}])
def test_a_task_that_was_ended_or_deleted_stops_its_job(operator, context, sagemaker, hold, states):
    task = operator(hold.code)
    context["ti"].get_task_states = lambda **asked: {asked["run_ids"][0]: states}
    name = defer(task, context).name
    task.on_kill()
    assert wait(sagemaker, name) == "Stopped"


def test_a_task_that_took_too_long_stops_its_job_though_a_retry_will_come(operator, context, sagemaker, hold):
    task = operator(hold.code)
    context["ti"].get_task_states = lambda **asked: {asked["run_ids"][0]: {"step": "running"}}
    name = defer(task, context).name
    try:
        raise AirflowTaskTimeout  # noqa: TRY301  # as Airflow does
    except AirflowTaskTimeout:
        task.on_kill()
    assert wait(sagemaker, name) == "Stopped"


def test_airflow_that_does_not_answer_costs_no_job(operator, context, sagemaker, hold, monkeypatch):
    """The line to Airflow is held by the very call that the signal interrupted."""
    monkeypatch.setattr("millrace.cancelling.ASK_SECONDS", 0.1)
    task = operator(hold.code)
    context["ti"].get_task_states = lambda **asked: time.sleep(2) or {}
    name = defer(task, context).name
    task.on_kill()
    assert wait(sagemaker, name) == "Stopped"


def test_a_task_killed_during_its_start_call_waits_for_the_job_to_appear(operator, context, sagemaker, hold):
    """The request is on its way and is carried out a moment after the process was told to end."""
    task = operator(hold.code)
    name = defer(task, context).name
    late = operator(hold.code)
    late._running, late._is_starting = f"{name}-late", True
    request = {**task.request, "ProcessingJobName": late._running}
    carried_out = threading.Timer(0.7, lambda: sagemaker.create_processing_job(**request))
    carried_out.start()
    late.on_kill()
    carried_out.join()
    assert wait(sagemaker, late._running) == "Stopped"


def test_a_broken_trigger_leaves_the_job_to_the_next_try(operator, context, sagemaker, hold):
    task = operator(hold.code)
    name = defer(task, context).name
    for try_number, status in ((2, "InProgress"), (3, "Stopped")):
        context["ti"].try_number = try_number
        with pytest.raises(TaskDeferralError):
            task.resume_execution("__fail__", {"error": "Trigger failure"}, context)
        time.sleep(0.1)
        if status == "Stopped":
            wait(sagemaker, name)
        assert describe(sagemaker, name)["ProcessingJobStatus"] == status


def test_a_retry_does_not_wait_for_a_job_that_is_being_stopped(operator, context, sagemaker):
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\n"
    first = defer(operator(code + "time.sleep(60)"), context)
    while not list(operator().hook.log_tail(first.name)):
        time.sleep(0.05)
    sagemaker.stop_processing_job(ProcessingJobName=first.name)
    assert describe(sagemaker, first.name)["ProcessingJobStatus"] == "Stopping"
    assert defer(operator(), context).name != first.name


def test_a_job_is_asked_to_stop_once(operator, context, sagemaker, hold):
    task = operator(hold.code)
    name = defer(task, context).name
    asked = []
    task.hook.conn.meta.events.register(
        "before-call.sagemaker.StopProcessingJob", lambda **_: asked.append(name)
    )
    for _ in range(3):
        task.hook.stop(name)
    wait(sagemaker, name)
    task.hook.stop(name)
    assert asked == [name]


def test_links_lead_to_the_job_its_log_and_its_output(operator, context, sagemaker):
    task = operator()
    assert links(task) == ["", "", "", ""]
    name = defer(task, context).name
    job, log, output, description = links(task)
    assert job.endswith(f"/_millrace/jobs/processing-jobs/{name}")
    assert log == f"{job}#log"
    assert output.endswith("/")
    assert description == "", "there is none before the end"
    wait(sagemaker, name)
    task.resume(context)
    assert links(task)[2].endswith("/report/")
    assert links(task)[3].endswith(f"/jobs/{name}.json")


def links(task):
    return [link.get_link(task, ti_key=None) for link in task.operator_extra_links]


def test_killing_a_task_that_started_nothing_asks_aws_nothing(operator):
    task = operator()
    task.on_kill()
    assert "hook" not in vars(task)


def test_a_wait_that_times_out_stops_the_job(operator, context, sagemaker, hold):
    task = operator(hold.code)
    name = defer(task, context).name
    with pytest.raises(TaskDeferralTimeout):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert wait(sagemaker, name) == "Stopped"


def test_a_stopped_job_is_no_success(operator, context, sagemaker, hold):
    task = operator(hold.code)
    name = defer(task, context).name
    sagemaker.stop_processing_job(ProcessingJobName=name)
    wait(sagemaker, name)
    with pytest.raises(JobFailed, match="is Stopped") as stopped:
        task.resume(context)
    assert not stopped.value.permanent


def test_a_job_that_was_stopped_at_its_own_limit_would_be_again(
    operator, context, sagemaker, hold, settings_now
):
    task = operator(hold.code)
    build = task.build

    class Limited(ProcessingJob):
        def request(self, run):
            return {**super().request(run), "StoppingCondition": {"MaxRuntimeInSeconds": 1}}

    task.build = lambda run: Limited(**vars(build(run)))
    wait(sagemaker, defer(task, context).name)
    with pytest.raises(JobFailed, match="is Stopped: MaxRuntimeExceeded") as stopped:
        task.resume(context)
    assert stopped.value.permanent


def test_an_early_wake_up_waits_on(operator, context, hold):
    task = operator(hold.code)
    trigger = defer(task, context)
    with pytest.raises(TaskDeferred) as again:
        task.resume(context, {"name": trigger.name})
    assert again.value.trigger.name == trigger.name


def test_a_task_need_not_wait(operator, context, sagemaker):
    result = operator(wait_for_completion=False).execute(context)
    assert describe(sagemaker, result["name"])


def test_a_lost_launch_number_is_told(operator, context):
    with pytest.raises(JobFailed, match="clear the task"):
        operator().resume(context)


def test_a_request_that_aws_refuses_starts_nothing(operator, context):
    task = operator()
    task.build = lambda run: ProcessingJob("no-such-image", ["true"], Instances("ml.m5.large"))
    with pytest.raises(ClientError, match="no-such-image"):
        task.execute(context)


def test_code_ships_once(operator, context, s3, settings_now):
    def shipped():
        found = s3.list_objects_v2(Bucket=settings_now().bucket, Prefix="main/code/")["Contents"]
        return {item["Key"]: item["LastModified"] for item in found}

    defer(operator("print('a code of its own')"), context)
    first = shipped()
    context["ti"].max_tries = 9
    defer(operator("print('a code of its own')"), context)
    assert shipped() == first
    context["ti"].max_tries = 12
    defer(operator("print('another code')"), context)
    assert len(shipped()) == len(first) + 2
