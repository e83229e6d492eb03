"""Events and SQS do what they do on a bad day; every task hears that its job is over, once."""

import json
import time

import pytest

from tests.chaos import proxy
from tests.chaos.harness import RECONCILE_SECONDS
from tests.chaos.rounds import Measured
from tests.chaos.test_crash_windows import FEW, completed


def events(reply, run):
    """The messages of a receive call that announce the end of one of the run's jobs; the others."""
    ours, others, names = [], [], run.names()
    for message in reply.json().get("Messages", []):
        try:
            detail = json.loads(message["Body"])["detail"]
            is_ours = detail["ProcessingJobName"] in names and detail["ProcessingJobStatus"] == "Completed"
        except (ValueError, TypeError, KeyError):
            is_ours = False
        (ours if is_ours else others).append(message)
    return ours, others


def receives(call):
    return call.operation == "ReceiveMessage"


def of_sqs(call):
    return call.service == "sqs"


def duplicated(chaos, dice):
    """The event of a job's end comes several times, in one batch and later."""
    run, seen = chaos.run(), []

    def repeat(call, reply):
        ours, others = events(reply, run)
        seen.extend(ours)
        return reply.with_json({"Messages": (others + ours * 3)[:10]}) if ours else None

    run.until_waiting()
    with chaos.proxy.rule(receives, after=repeat):
        since = time.monotonic()
        run.gates.open()
        run.until(lambda: seen, "the event was repeated")
        body = seen[0]["Body"]
        for _ in range(3):
            time.sleep(dice.uniform(0, 0.5))
            chaos.publish(body)
        return completed(run, since)


def reordered(chaos, dice):
    """The event that a job is in progress comes after the one of its end."""
    run, seen = chaos.run(), []

    def reorder(call, reply):
        ours, others = events(reply, run)
        if not ours:
            return None
        seen.extend(ours)
        earlier = json.loads(ours[0]["Body"])
        earlier["detail"]["ProcessingJobStatus"] = "InProgress"
        late = {**ours[0], "MessageId": "late", "Body": json.dumps({**earlier, "id": "late"})}
        return reply.with_json({"Messages": [*others, *ours, late][:10]})

    run.until_waiting()
    with chaos.proxy.rule(receives, after=reorder):
        since = time.monotonic()
        run.gates.open()
        run.until(lambda: seen, "the events were reordered")
        return completed(run, since)


def foreign(chaos, dice):
    """Events of other services, kinds, jobs and shapes come while a task waits."""
    run = chaos.run()
    run.until_waiting()
    (name,) = run.names()
    ended = {"ProcessingJobName": name, "ProcessingJobStatus": "Completed"}
    ours = {"source": "aws.sagemaker", "detail-type": "SageMaker Processing Job State Change"}
    for event in (
        {**ours, "source": "aws.glue", "detail": ended},
        {**ours, "detail-type": "SageMaker Endpoint State Change", "detail": ended},
        {**ours, "detail": {**ended, "ProcessingJobName": f"{name}-other"}},
        {**ours, "detail": {"ProcessingJobName": name}},
        {**ours, "detail": {**ended, "ProcessingJobStatus": ["Completed"]}},
        {**ours, "detail": ["Completed"]},
        {**ours, "detail": None},
        {**ours, "source": {"aws": "sagemaker"}, "detail": ended},
    ):
        chaos.publish(json.dumps(event))
        time.sleep(dice.uniform(0, 0.2))
    time.sleep(2)
    assert run.task_states() == ["deferred"], run.describe()
    assert run.jobs() == {name: "InProgress"}
    since = time.monotonic()
    measured = completed(run, since)
    (work,) = run.tasks()
    assert work["try_number"] == 1
    return measured


def malformed(chaos, dice):
    """Messages that are no events come while a task waits; they are kept in the dead-letter queue."""
    run = chaos.run()
    run.until_waiting()
    bodies = {
        f"not JSON {run.run_id}",
        f'["{run.run_id}"]',
        f'{{"source": "aws.sagemaker", "id": "{run.run_id}',
    }
    for body in bodies:
        chaos.publish(body)
        time.sleep(dice.uniform(0, 0.2))
    # While the task waits: who waits last takes the queue with it.
    run.until(lambda: len(chaos.dead_letters(run.run_id)) >= len(bodies), "every body is kept")
    measured = completed(run, time.monotonic())
    assert sorted(chaos.dead_letters(run.run_id)) == sorted(bodies)
    return measured


def never_delivered(chaos, dice):
    """The event of a job's end never comes; the list of jobs tells."""
    run, lost = chaos.run(), []

    def lose(call, reply):
        ours, others = events(reply, run)
        if not ours:
            return None
        lost.extend(ours)
        for message in ours:
            receipt = message["ReceiptHandle"]
            chaos.client("sqs").delete_message(QueueUrl=call.parameters["QueueUrl"], ReceiptHandle=receipt)
        return reply.with_json({"Messages": others} if others else {})

    run.until_waiting()
    with chaos.proxy.rule(receives, after=lose):
        since = time.monotonic()
        run.gates.open()
        measured = completed(run, since)
        assert lost, "the event was not lost: the scenario has shown nothing"
    return measured


def queue_deleted(chaos, dice):
    """The triggerer's queue is deleted while four tasks wait; their jobs end meanwhile."""
    run = chaos.run("few", FEW)
    run.until_waiting()
    queues = chaos.queues()
    assert queues
    since = time.monotonic()
    for url in queues:
        chaos.client("sqs").delete_queue(QueueUrl=url)
    for index in range(FEW):
        time.sleep(dice.uniform(0, 1))
        run.gates.open(index)
    return completed(run, since, FEW)


def expired(call):
    """AWS's refusal; the services spell it in two ways, and S3's answer to HEAD has no body to say so."""
    code = "ExpiredToken" if call.service in ("s3", "sns") else "ExpiredTokenException"
    return proxy.error(code, 400, "The security token included in the request is expired")(call)


def credentials_expired(chaos, dice):
    """Every call is refused for some seconds, as credentials have expired; jobs end and one is launched."""
    run, late = chaos.run("few", FEW), chaos.plan()
    run.until_waiting()
    with chaos.proxy.rule(lambda _: True, before=expired):
        chaos.proxy.hang_up(receives)
        since = time.monotonic()
        late.start()
        for index in range(FEW):
            time.sleep(dice.uniform(0.5, 2))
            run.gates.open(index)
        late.until(lambda: late.tasks()[0]["state"] == "up_for_retry", "the launch is put off")
    first = completed(run, since, FEW)
    second = completed(late, since)
    return Measured(
        launched=first.launched + second.launched,
        stopped=0,
        left_over=first.left_over + second.left_over,
        stop_calls=0,
        seconds=max(first.seconds, second.seconds),
    )


def sqs_down(chaos, dice):
    """SQS fails for some seconds, with errors and with closed connections; jobs end meanwhile."""
    run = chaos.run("few", FEW)
    run.until_waiting()
    for fault in (proxy.error("ServiceUnavailable", 503), proxy.drop):
        with chaos.proxy.rule(of_sqs, before=fault):
            # A message that is on its way is lost with its connection.
            chaos.proxy.hang_up(of_sqs)
            since = time.monotonic()
            run.gates.open(*dice.sample(range(FEW), FEW // 2))
            time.sleep(dice.uniform(3, 6))
    return completed(run, since, FEW)


TOGETHER = [duplicated, reordered, foreign, malformed, never_delivered]
ALONE = [queue_deleted, credentials_expired, sqs_down]


@pytest.mark.parametrize("together", TOGETHER, ids=lambda play: play.__name__)
def test_fault_of_an_event(together, rounds):
    failures = rounds.together(together)
    assert not failures, failures


SLOW = (credentials_expired, sqs_down)
"""Up to half a minute each; `make chaos` plays them too."""


@pytest.mark.parametrize(
    "alone",
    [pytest.param(play, marks=pytest.mark.slow if play in SLOW else ()) for play in ALONE],
    ids=lambda play: play.__name__,
)
def test_fault_of_a_service(alone, rounds):
    failures = rounds.alone(alone)
    assert not failures, failures


def test_reconciliation_is_slower_than_events():
    """Otherwise it would hide that events are lost."""
    assert RECONCILE_SECONDS >= 10
