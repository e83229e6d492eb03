"""A batch of human loops, asked once and waited for once, against an AWS whose reviewers are played here."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferralTimeout, TaskDeferred
from airflow.sdk.execution_time import task_runner
from botocore.exceptions import ClientError

from include.a2i import HumanReview, parse_items
from include.settings import settings
from local.aws.services import review as desk
from millrace.defaults import AwsRetryPolicy
from millrace.errors import JobFailed
from millrace.hooks.human_loops import HumanLoops
from millrace.hooks.s3 import S3, split
from millrace.human_loops import Batch, Goal
from millrace.launching import STATE_KEY, Launch, RemoteJob
from millrace.listeners import cancelled_tasks
from millrace.operators.human_review import HumanReviewOperator
from millrace.triggers.human_loops import HumanLoopsTrigger

TEMPLATE = (
    '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>'
    '<crowd-form><crowd-input name="transcript" value="{{ task.input.heard }}"></crowd-input></crowd-form>'
)


@pytest.fixture(scope="module")
def team(aws):
    """A work team of whoever has a name here."""
    members = [{"CognitoMemberDefinition": {"UserPool": "us-east-1_a", "UserGroup": "g", "ClientId": "c"}}]
    answer = boto3.client("sagemaker").create_workteam(
        WorkteamName="reviewers", Description="People", MemberDefinitions=members
    )
    return answer["WorkteamArn"]


@pytest.fixture
def template(monkeypatch, tmp_path):
    monkeypatch.setattr("include.a2i.review.TEMPLATES", tmp_path)
    (tmp_path / "words.html").write_text(TEMPLATE)
    return tmp_path / "words.html"


@pytest.fixture
def operator(team, template, context, settings_now):
    """Makes an operator that asks about so many items."""

    def make(count=4, deadline=timedelta(hours=1), sufficient=1.0, **kwargs):
        uri = f"s3://{settings_now().bucket}/items/{context['ti'].run_id}.json"
        items = [{"id": f"window-{n}", "input": {"heard": f"words {n}"}} for n in range(count)]
        S3(None).write(uri, json.dumps(items).encode())

        def build(run):
            return HumanReview(
                items=uri,
                template="words.html",
                work_team_arn=team,
                title="What is said?",
                description="Listen and write it down.",
                deadline=deadline,
                sufficient=sufficient,
            )

        return HumanReviewOperator(task_id="step", build=build, aws_conn_id=None, **kwargs)

    return make


@pytest.fixture
def reviewer(aws):
    """Plays a person who answers some of what is open, and says when A2I has noticed."""
    name = f"ann-{time.monotonic_ns()}"
    worker = desk.workers().known(name, desk.workers().add(name))

    def answer(batch, count):
        before = completed(batch)
        for _ in range(count):
            task = desk.tasks().claim(worker)
            desk.tasks().submit(worker, task.id, {"transcript": task.input["heard"].upper()})
        eventually(lambda: completed(batch) == before + count)

    return answer


@cache
def loops():
    return HumanLoops(None)


def statuses(batch):
    return sorted(loops().statuses(batch).values())


def completed(batch):
    return statuses(batch).count("Completed")


def eventually(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def defer(task, context):
    """Runs the task until it waits; the trigger it left."""
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    assert deferred.value.method_name == "resume"
    assert isinstance(deferred.value.trigger, HumanLoopsTrigger)
    return deferred.value.trigger


def read(uri):
    bucket, key = split(uri)
    return json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


async def first_event(trigger):
    return await asyncio.wait_for(anext(aiter(trigger.run())), timeout=20)


@pytest.fixture(autouse=True)
def nothing_is_left_open(aws):
    """Or the next test's reviewer would be given it."""
    yield
    client = boto3.client("sagemaker")
    for flow in client.list_flow_definitions()["FlowDefinitionSummaries"]:
        everything = Everything("all", flow["FlowDefinitionArn"], "2026-01-01T00:00:00+00:00")
        loops().stop_open(everything)
        eventually(lambda all_=everything: not {"InProgress", "Stopping"} & set(statuses(all_)))


class Everything(Batch):
    """The loops of all launches."""

    def statuses(self, page):
        yield from ((loop["HumanLoopName"], loop["HumanLoopStatus"]) for loop in page["HumanLoopSummaries"])


def test_every_item_is_asked_about_once_and_waited_for_together(operator, context):
    trigger = defer(operator(count=5), context)
    assert statuses(trigger.batch) == ["InProgress"] * 5
    assert trigger.goal == Goal(5, 5, trigger.goal.deadline)


def test_answers_are_listed_by_item_and_the_rest_is_stopped(operator, context, reviewer):
    task = operator(count=4, sufficient=0.5)
    batch = defer(task, context).batch
    reviewer(batch, 2)
    result = task.resume(context, {"name": batch.name})
    assert {name: result[name] for name in ("started", "answered", "stopped")} == {
        "started": 4,
        "answered": 2,
        "stopped": 2,
    }
    answers = read(f"{result['answers']}answers.json")
    assert [answer["id"] for answer in answers] == ["window-0", "window-1", "window-2", "window-3"]
    given = [answer for answer in answers if answer["output"]]
    assert len(given) == 2
    for answer in given:
        assert answer["output"] == f"{result['answers']}{answer['loop']}/output.json"
        output, number = read(answer["output"]), answer["id"].removeprefix("window-")
        assert output["inputContent"] == {"heard": f"words {number}"}
        assert output["humanAnswers"][0]["answerContent"] == {"transcript": f"WORDS {number}"}
    eventually(lambda: statuses(batch) == ["Completed"] * 2 + ["Stopped"] * 2)


def test_the_deadline_ends_a_review_with_what_is_there(operator, context, reviewer):
    task = operator(count=2, deadline=timedelta(seconds=6))
    trigger = defer(task, context)
    reviewer(trigger.batch, 1)
    assert asyncio.run(first_event(trigger)).payload == {"name": trigger.batch.name}
    result = task.resume(context)
    assert (result["answered"], result["stopped"]) == (1, 1)


def test_a_task_that_is_woken_too_early_waits_again(operator, context, reviewer):
    task = operator(count=2)
    batch = defer(task, context).batch
    reviewer(batch, 1)
    with pytest.raises(TaskDeferred) as deferred:
        task.resume(context)
    assert deferred.value.trigger.batch == batch


def test_a_retry_asks_nobody_twice(operator, context):
    """Also where the last try was killed in the middle."""
    first = defer(operator(count=4), context).batch
    again = defer(operator(count=6), context).batch
    assert again == first
    assert statuses(first) == ["InProgress"] * 6


def test_a_retry_does_not_move_the_deadline(operator, context):
    first = defer(operator(), context).goal
    assert defer(operator(), context).goal == first


def test_a_retry_gathers_what_an_ended_review_has_left(operator, context, reviewer):
    task = operator(count=2, sufficient=0.5)
    batch = defer(task, context).batch
    reviewer(batch, 1)
    first = task.resume(context)
    assert operator(count=2, sufficient=0.5).execute(context) == first


def test_a_clear_stops_what_is_open_and_asks_anew(operator, context, reviewer):
    first = defer(operator(count=3), context).batch
    reviewer(first, 1)
    context["ti"].max_tries = 5
    second = defer(operator(count=3), context).batch
    assert second.name != first.name
    eventually(lambda: statuses(first) == ["Completed", "Stopped", "Stopped"])
    assert statuses(second) == ["InProgress"] * 3


def test_a_changed_template_is_another_page(operator, context, template):
    client = boto3.client("sagemaker")
    before = len(client.list_human_task_uis()["HumanTaskUiSummaries"])
    first = defer(operator(), context).batch
    context["ti"].max_tries = 5
    same = defer(operator(), context).batch
    context["ti"].max_tries = 8
    template.write_text(TEMPLATE.replace("crowd-input", "crowd-text-area"))
    changed = defer(operator(), context).batch
    assert same.flow_definition_arn == first.flow_definition_arn
    assert changed.flow_definition_arn != first.flow_definition_arn
    assert len(client.list_human_task_uis()["HumanTaskUiSummaries"]) <= before + 2


def test_no_items_are_no_work(operator, context):
    result = operator(count=0).execute(context)
    assert (result["started"], result["answered"]) == (0, 0)
    assert read(f"{result['answers']}answers.json") == []


def test_a_run_with_nothing_to_ask_skips_the_task(context, aws):
    task = HumanReviewOperator(task_id="step", build=lambda run: None, aws_conn_id=None)
    with pytest.raises(AirflowSkipException, match="nothing to ask"):
        task.execute(context)


def test_people_must_not_have_longer_than_the_task(operator, context):
    task = operator(execution_timeout=timedelta(minutes=30))
    with pytest.raises(ValueError, match="raise its execution_timeout"):
        task.execute(context)


def test_a_document_that_is_no_list_of_items_is_named(operator, context, settings_now):
    task = operator()
    S3(None).write(task.build(None).items, b'[{"id": "a"}]')
    with pytest.raises(ValueError, match=r"items/.*\.json: item 0 is not of the form"):
        task.execute(context)


def test_when_aws_refuses_a_loop_no_other_is_started(operator, context, monkeypatch):
    task, calls = operator(count=50), []

    def refuse(name, request):
        calls.append(name)
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "StartHumanLoop")

    monkeypatch.setattr(task.loops, "start", refuse)
    with pytest.raises(ClientError):
        task.execute(context)
    assert len(calls) <= 4


def test_the_last_try_leaves_nothing_open(operator, context, monkeypatch):
    context["ti"].try_number = 4
    task = operator(count=3)
    start, calls = task.loops.start, []

    def refuse_the_third(name, request):
        calls.append(name)
        if len(calls) > 2:
            raise ClientError({"Error": {"Code": "ServiceQuotaExceededException"}}, "StartHumanLoop")
        return start(name, request)

    monkeypatch.setattr(task.loops, "start", refuse_the_third)
    with pytest.raises(ClientError):
        task.execute(context)
    batch = Batch.of(RemoteJob.parse(context["task_state_store"][STATE_KEY]))
    eventually(lambda: statuses(batch) == ["Stopped"] * 2)


def test_a_refusal_that_no_retry_mends_leaves_nothing_open(operator, context, monkeypatch):
    task = operator(count=2, retry_policy=AwsRetryPolicy())
    batch = defer(task, context).batch
    monkeypatch.setattr(task, "items", lambda review: parse_items("no list"))
    with pytest.raises(ValueError, match="items are a list"):
        task.resume(context)
    eventually(lambda: statuses(batch) == ["Stopped"] * 2)


def test_a_clear_stops_what_is_open_also_where_nothing_can_follow(operator, context):
    first = defer(operator(count=2), context).batch
    context["ti"].max_tries = 5
    with pytest.raises(ValueError, match="execution_timeout"):
        operator(execution_timeout=timedelta(minutes=1)).execute(context)
    eventually(lambda: statuses(first) == ["Stopped"] * 2)


def test_after_the_deadline_nobody_is_asked_any_more(operator, context):
    task = operator(count=2, deadline=timedelta(seconds=1))
    batch = task.new_batch(context, task.review(context), Launch(1, 2))
    task.remember(context, Launch(1, 2), batch)
    time.sleep(1)
    assert task.execute(context)["answered"] == 0
    assert statuses(batch) == []


def test_where_every_loop_failed_the_task_says_why_and_asks_anew(operator, context, monkeypatch):
    """A2I fails a loop that nobody has taken for as long as it is available."""
    task = operator(count=2)
    build = task.build
    task.build = lambda run: SimpleNamespace(
        **{
            name: getattr(build(run), name)
            for name in ("items", "deadline", "needed", "ui_request", "loop_request")
        },
        flow_request=lambda run, ui: _soon_over(build(run).flow_request(run, ui)),
    )
    batch = defer(task, context).batch
    eventually(lambda: statuses(batch) == ["Failed", "Failed"])
    with pytest.raises(JobFailed, match=r"2 of 2 human loops of .* failed: .*expired"):
        task.resume(context)
    assert defer(operator(count=2), context).batch.name != batch.name


def _soon_over(request):
    request["HumanLoopConfig"]["TaskAvailabilityLifetimeInSeconds"] = 1
    return {**request, "FlowDefinitionName": "soon-over"}


def test_the_events_of_enough_answers_end_the_wait(operator, context, reviewer, monkeypatch):
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "3600")
    settings.cache_clear()
    trigger = defer(operator(count=5, sufficient=3), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until_joined()
        await asyncio.to_thread(reviewer, trigger.batch, 2)
        assert not waiting.done()
        await asyncio.to_thread(reviewer, trigger.batch, 1)
        return await waiting

    assert asyncio.run(scenario()).payload == {"name": trigger.batch.name}
    settings.cache_clear()


def test_an_event_that_aws_never_sent_is_made_good(operator, context, reviewer, monkeypatch):
    monkeypatch.setenv("MILLRACE_RECONCILE_SECONDS", "1")
    settings.cache_clear()
    monkeypatch.setattr("millrace.triggers.event_stream.route", lambda event: [])
    trigger = defer(operator(count=1), context)

    async def scenario():
        waiting = asyncio.create_task(first_event(trigger))
        await until_joined()
        await asyncio.to_thread(reviewer, trigger.batch, 1)
        return await waiting

    assert asyncio.run(scenario()).payload == {"name": trigger.batch.name}
    settings.cache_clear()


async def until_joined():
    sns = boto3.client("sns")
    for _ in range(500):
        subscriptions = (await asyncio.to_thread(sns.list_subscriptions))["Subscriptions"]
        if any("triggerer" in each["Endpoint"] for each in subscriptions):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody listens")


def test_an_event_that_comes_twice_is_one_answer(operator, context):
    trigger = defer(operator(count=2), context)
    name = f"{trigger.batch.name}-{'a' * 10}"
    assert trigger.heard((name, "Completed")) is None
    assert trigger.heard((name, "Completed")) is None
    assert trigger.heard((f"{trigger.batch.name}-{'b' * 10}", "Completed")) == {"name": trigger.batch.name}


def test_a_list_that_is_older_than_an_event_takes_nothing_back(operator, context):
    trigger = defer(operator(count=2), context)
    name = f"{trigger.batch.name}-{'a' * 10}"
    trigger.heard((name, "Completed"))
    trigger._learn({name: "InProgress"})
    assert trigger.statuses[name] == "Completed"


@pytest.fixture
def task_state(monkeypatch):
    """What the triggerer's supervisor answers about the task."""

    def be(state, trigger):
        async def asend(message):
            return SimpleNamespace(task_states={message.run_ids[0]: {message.task_ids[0]: state}})

        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend), raising=False)
        trigger.task_instance = SimpleNamespace(dag_id="testing", run_id="r", task_id="step", map_index=-1)

    return be


@pytest.mark.parametrize(("state", "left"), [("failed", "Stopped"), ("deferred", "InProgress")])
def test_a_task_that_a_user_ended_stops_every_open_loop(operator, context, task_state, state, left):
    trigger = defer(operator(count=6), context)
    task_state(state, trigger)
    asyncio.run(trigger.on_kill())
    eventually(lambda: statuses(trigger.batch) == [left] * 6)


def test_a_killed_worker_stops_every_open_loop(operator, context):
    task = operator(count=3)
    batch = defer(task, context).batch
    task.on_kill()
    eventually(lambda: statuses(batch) == ["Stopped"] * 3)


def test_a_wait_that_took_too_long_stops_every_open_loop(operator, context):
    task = operator(count=3)
    batch = defer(task, context).batch
    with pytest.raises(TaskDeferralTimeout):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    eventually(lambda: statuses(batch) == ["Stopped"] * 3)


def test_a_task_that_was_marked_before_a_triggerer_had_it_stops_every_open_loop(operator, context):
    batch = defer(operator(count=3), context).batch
    job = RemoteJob.parse(context["task_state_store"][STATE_KEY])
    cancelled_tasks._stop(job, context["ti"])
    eventually(lambda: statuses(batch) == ["Stopped"] * 3)


def test_a_trigger_survives_serialization(operator, context):
    path, kwargs = defer(operator(), context).serialize()
    assert path == "millrace.triggers.human_loops.HumanLoopsTrigger"
    json.dumps(kwargs)
    assert HumanLoopsTrigger(**kwargs).serialize() == (path, kwargs)


def test_the_deadline_is_looked_at_before_aws_is_asked(operator, context):
    trigger = defer(operator(), context)
    late = Goal(4, 4, datetime(2026, 1, 1, tzinfo=UTC).isoformat())
    trigger.goal = late
    assert asyncio.run(trigger.look(None)) == {"name": trigger.batch.name}
    assert trigger.patience() == 0
