"""What is read from pods, with objects as Kubernetes writes them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from millrace.pods import Start, cannot_start, refuses, starts, without_node

NOW = datetime(2026, 1, 1, 12, 10, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)
SCHEDULED = {
    "lastProbeTime": None,
    "lastTransitionTime": "2026-01-01T12:00:00Z",
    "status": "True",
    "type": "PodScheduled",
}
RUNNING = {"running": {"startedAt": "2026-01-01T12:00:03Z"}}
PULLING = {"waiting": {"reason": "ContainerCreating"}}
BACK_OFF = {
    "waiting": {
        "message": 'Back-off pulling image "registry/nowhere:latest"',
        "reason": "ImagePullBackOff",
    }
}
CRASH_LOOP = {
    "waiting": {
        "message": "back-off 10s restarting failed container=pytorch pod=a-worker-0_default(uid)",
        "reason": "CrashLoopBackOff",
    }
}


def ended(code):
    return {
        "terminated": {
            "containerID": "containerd://8f5c",
            "exitCode": code,
            "finishedAt": "2026-01-01T12:00:05Z",
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": "2026-01-01T12:00:03Z",
        }
    }


def pod(number, state=None, *, last=None, restarts=0, conditions=(SCHEDULED,), phase="Running"):
    """A worker whose container has this state, or is not known of yet."""
    status = {"conditions": list(conditions), "phase": phase, "qosClass": "BestEffort"}
    if state:
        status["containerStatuses"] = [
            {
                "image": "registry/nowhere:latest",
                "imageID": "",
                "lastState": last or {},
                "name": "pytorch",
                "ready": False,
                "restartCount": restarts,
                "started": False,
                "state": state,
            }
        ]
    return {"metadata": {"name": f"a-worker-{number}", "uid": f"uid-{number}"}, "status": status}


def unscheduled(number, since="2026-01-01T12:00:00Z", **fields):
    """A worker that no node takes."""
    condition = {
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "message": "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
        "reason": "Unschedulable",
        "status": "False",
        "type": "PodScheduled",
        **fields,
    }
    return pod(number, conditions=[condition], phase="Pending")


NEW = {"metadata": {"name": "a-worker-9", "uid": "uid-9"}, "status": {"phase": "Pending"}}
"""Nobody has looked at it yet."""


def test_a_start_is_each_time_that_a_container_runs_or_has_run():
    pods = [pod(0, RUNNING), pod(1, ended(1)), pod(2, RUNNING, last=ended(1), restarts=3), pod(3, PULLING)]
    assert list(starts([*pods, pod(4, CRASH_LOOP, last=ended(1), restarts=1), unscheduled(5), NEW])) == [
        Start("a-worker-0", "uid-0", 0),
        Start("a-worker-1", "uid-1", 0),
        Start("a-worker-2", "uid-2", 3),
    ]


def test_a_start_is_the_same_while_it_runs_and_after_it_and_another_in_a_new_pod():
    assert set(starts([pod(0, RUNNING)])) == set(starts([pod(0, ended(0))]))
    again = pod(0, RUNNING)
    again["metadata"]["uid"] = "uid-of-another-pod"
    assert len(set(starts([pod(0, RUNNING), again]))) == 2


def test_an_image_that_is_not_there_is_told_with_its_name_and_what_the_node_says():
    assert cannot_start([pod(0, RUNNING), pod(1, BACK_OFF)]) == (
        "a-worker-1 cannot start registry/nowhere:latest: ImagePullBackOff: "
        'Back-off pulling image "registry/nowhere:latest"'
    )
    bare = {"waiting": {"reason": "CreateContainerConfigError"}}
    assert cannot_start([pod(0, bare)]) == (
        "a-worker-0 cannot start registry/nowhere:latest: CreateContainerConfigError: "
    )


@pytest.mark.parametrize("state", [PULLING, CRASH_LOOP, RUNNING, ended(1), None])
def test_what_waiting_may_mend_is_no_reason_to_end(state):
    assert cannot_start([pod(0, state), unscheduled(1), NEW]) is None


@pytest.mark.parametrize(
    ("state", "last", "is_refusal"),
    [
        (ended(65), None, True),
        (CRASH_LOOP, ended(65), True),
        (RUNNING, ended(65), True),
        (ended(1), None, False),
        (ended(0), None, False),
        (RUNNING, ended(143), False),
        (None, None, False),
    ],
)
def test_the_exit_code_of_wrong_data_is_a_refusal_and_no_other(state, last, is_refusal):
    assert refuses([pod(0, RUNNING), pod(1, state, last=last), NEW]) is is_refusal


def test_pods_that_no_node_takes_are_waited_for_and_then_told_of():
    pods = [pod(0, RUNNING), unscheduled(1)]
    told = without_node(pods, 2, NOW, PATIENCE)
    assert told == (
        "a-worker-1 has had no node for over 300 seconds: "
        "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."
    )
    assert without_node(pods, 2, NOW, timedelta(minutes=10)) is None
    assert without_node([pod(0, RUNNING), unscheduled(1, "2026-01-01T12:09:00Z")], 2, NOW, PATIENCE) is None


def test_pods_beyond_those_that_are_needed_may_wait_for_ever():
    assert without_node([pod(0, RUNNING), unscheduled(1), unscheduled(2)], 1, NOW, PATIENCE) is None


def test_one_that_has_waited_too_long_is_told_of_though_another_has_just_come():
    pods = [unscheduled(0, "2026-01-01T12:09:59Z"), unscheduled(1)]
    told = without_node(iter(pods), 1, NOW, PATIENCE)
    assert re.match("a-worker-1 has had no node", told)


@pytest.mark.parametrize("pods", [[], [NEW], [pod(0, PULLING)], [pod(0, ended(0))]])
def test_pods_that_nobody_has_looked_at_or_that_have_a_node_do_not_wait_for_one(pods):
    assert without_node(pods, 1, NOW, PATIENCE) is None


def test_a_condition_without_a_message_is_told_by_its_reason():
    silent = unscheduled(0, reason="SchedulingGated")
    del silent["status"]["conditions"][0]["message"]
    assert without_node([silent], 1, NOW, PATIENCE).endswith("seconds: SchedulingGated")
