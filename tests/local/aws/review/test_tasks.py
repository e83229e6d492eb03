import pickle
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from local.aws.review.tasks import NotOpenError, NotYoursError, ReviewTask, ReviewTasks
from local.aws.review.workers import Worker

TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/transcribers"
START = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 60
ANN, BOB, CARL = (Worker(name, name) for name in ("ann", "bob", "carl"))


class Clock:
    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time

    def forward(self, seconds):
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tasks(clock):
    return ReviewTasks(clock)


def _task(id_, **changes):
    members = {
        "id": id_,
        "team": TEAM,
        "title": "Listen",
        "description": "Type what you hear",
        "template": "<crowd-form></crowd-form>",
        "input": {"heard": "annecy two"},
        "answers_wanted": 1,
        "time_limit_seconds": LIMIT,
        "expires_at": START + timedelta(hours=1),
    }
    return ReviewTask(**(members | changes))


def _offer(tasks, *ids, **changes):
    for id_ in ids:
        tasks.add(_task(id_, **changes), "test")


def _ids(found):
    return [task.id for task in found]


def test_tasks_are_given_in_the_order_in_which_they_came(tasks):
    _offer(tasks, "a", "b")
    assert _ids(tasks.open_for(ANN)) == ["a", "b"]
    assert tasks.claim(ANN).id == "a"
    assert tasks.claim(BOB).id == "b"
    assert tasks.claim(CARL) is None


def test_a_worker_holds_one_place_at_a_time(tasks):
    _offer(tasks, "a", "b")
    tasks.claim(ANN)
    assert tasks.claim(ANN).id == "a"
    assert tasks.claim(ANN, "b").id == "a"
    assert _ids(tasks.open_for(BOB)) == ["b"]


def test_a_worker_can_ask_for_a_task(tasks):
    _offer(tasks, "a", "b")
    assert tasks.claim(ANN, "b").id == "b"


def test_what_a_worker_holds_is_told_with_its_times(tasks):
    _offer(tasks, "a")
    assert tasks.held(ANN) is None
    tasks.claim(ANN)
    held = tasks.held(ANN)
    assert (held.task.id, held.since, held.until) == ("a", START, START + timedelta(seconds=LIMIT))
    assert tasks.held(BOB) is None


def test_a_place_cannot_be_held_beyond_the_life_of_its_task(tasks):
    _offer(tasks, "a", expires_at=START + timedelta(seconds=5))
    tasks.claim(ANN)
    assert tasks.held(ANN).until == START + timedelta(seconds=5)


def test_an_answer_ends_a_task(tasks, clock):
    _offer(tasks, "a")
    tasks.claim(ANN)
    clock.forward(7)
    tasks.submit(ANN, "a", {"transcript": "an EC2"})
    [ended] = tasks.ended()
    [answer] = ended.answers
    assert (ended.task.id, ended.source, ended.complete, ended.cancelled) == ("a", "test", True, False)
    assert (answer.worker, answer.content) == (ANN, {"transcript": "an EC2"})
    assert answer.submitted_at - answer.accepted_at == timedelta(seconds=7)
    assert tasks.held(ANN) is None
    tasks.settle("a")
    assert tasks.ended() == []


def test_a_task_that_wants_two_answers_has_two_places(tasks):
    _offer(tasks, "a", answers_wanted=2)
    assert tasks.claim(ANN).id == tasks.claim(BOB).id == "a"
    assert tasks.claim(CARL) is None
    tasks.submit(BOB, "a", {})
    assert tasks.claim(CARL) is None
    assert tasks.ended() == []
    tasks.submit(ANN, "a", {})
    assert [answer.worker for answer in tasks.ended()[0].answers] == [BOB, ANN]


def test_nobody_answers_a_task_twice(tasks):
    _offer(tasks, "a", answers_wanted=2)
    tasks.claim(ANN)
    tasks.submit(ANN, "a", {})
    assert tasks.open_for(ANN) == []
    assert tasks.claim(ANN) is None
    with pytest.raises(NotYoursError, match="ann has answered"):
        tasks.claim(ANN, "a")
    with pytest.raises(NotYoursError, match="ann has answered task a already"):
        tasks.submit(ANN, "a", {})


def test_a_place_that_others_hold_is_refused(tasks):
    _offer(tasks, "a")
    tasks.claim(ANN)
    with pytest.raises(NotYoursError, match="being done by others"):
        tasks.claim(BOB, "a")
    for act in (tasks.skip, lambda worker, id_: tasks.submit(worker, id_, {})):
        with pytest.raises(NotYoursError, match="bob does not hold task a"):
            act(BOB, "a")
    tasks.submit(ANN, "a", {})


def test_a_task_of_another_team_is_not_seen(tasks):
    stranger = Worker("dora", "dora", frozenset({"labellers"}))
    _offer(tasks, "a")
    assert tasks.open_for(stranger) == []
    assert tasks.claim(stranger) is None
    with pytest.raises(NotYoursError, match="dora is not in it"):
        tasks.claim(stranger, "a")


def test_a_place_comes_back_after_its_time_limit(tasks, clock):
    _offer(tasks, "a")
    tasks.claim(ANN)
    clock.forward(LIMIT - 1)
    assert tasks.claim(BOB) is None
    clock.forward(1)
    assert tasks.held(ANN) is None
    assert tasks.claim(BOB).id == "a"


def test_an_answer_after_the_time_limit_is_refused_and_says_so(tasks, clock):
    _offer(tasks, "a")
    tasks.claim(ANN)
    clock.forward(LIMIT)
    with pytest.raises(
        NotYoursError, match=f"The {LIMIT} seconds that ann had for task a were over at 00:01:00"
    ):
        tasks.submit(ANN, "a", {})
    assert tasks.claim(ANN).id == "a"
    tasks.submit(ANN, "a", {})


def test_a_skipped_task_comes_last_to_who_skipped_it(tasks, clock):
    _offer(tasks, "a", "b")
    tasks.claim(ANN)
    clock.forward(1)
    tasks.skip(ANN, "a")
    assert _ids(tasks.open_for(ANN)) == ["b", "a"]
    assert _ids(tasks.open_for(BOB)) == ["a", "b"]
    assert tasks.claim(ANN).id == "b"


def test_of_skipped_tasks_the_one_that_was_skipped_first_comes_first(tasks, clock):
    _offer(tasks, "a", "b")
    for id_ in ("b", "a"):
        tasks.claim(ANN, id_)
        clock.forward(1)
        tasks.skip(ANN, id_)
    assert tasks.claim(ANN).id == "b"


@pytest.mark.parametrize("end", ["cancelled", "expired", "finished", "unknown"])
def test_a_task_that_is_not_open_takes_nothing(tasks, clock, end):
    id_ = "never" if end == "unknown" else "a"
    _offer(tasks, "a")
    tasks.claim(ANN)
    if end == "cancelled":
        tasks.cancel("a")
    elif end == "expired":
        clock.forward(3600)
    elif end == "finished":
        tasks.submit(ANN, "a", {"first": True})
    for act in (tasks.claim, tasks.skip, lambda worker, task: tasks.submit(worker, task, {"late": True})):
        if not (end == "unknown" and act == tasks.claim):  # ann holds a task and gets that one
            with pytest.raises(NotOpenError, match=f"Task '{id_}' is not open"):
                act(ANN, id_)
    assert all(answer.content == {"first": True} for ended in tasks.ended() for answer in ended.answers)


def test_a_cancelled_task_is_taken_from_who_holds_it(tasks):
    _offer(tasks, "a", "b")
    tasks.claim(ANN)
    tasks.cancel("a")
    assert tasks.held(ANN) is None
    assert tasks.claim(ANN).id == "b"
    [ended] = tasks.ended()
    assert (ended.cancelled, ended.complete) == (True, False)


def test_a_finished_task_cannot_be_cancelled(tasks):
    _offer(tasks, "a")
    tasks.claim(ANN)
    tasks.submit(ANN, "a", {})
    tasks.cancel("a")
    tasks.cancel("never there")
    assert tasks.ended()[0].cancelled is False


def test_an_expired_task_ends_with_the_answers_that_it_has(tasks, clock):
    _offer(tasks, "a", answers_wanted=2)
    tasks.claim(ANN)
    tasks.submit(ANN, "a", {})
    clock.forward(3600)
    assert tasks.open_for(BOB) == []
    [ended] = tasks.ended()
    assert (len(ended.answers), ended.complete, ended.cancelled) == (1, False, False)


@pytest.mark.parametrize(
    "changes",
    [{"answers_wanted": 0}, {"time_limit_seconds": 0}, {"expires_at": datetime(2027, 1, 1)}],  # noqa: DTZ001
)
def test_a_task_that_nobody_could_do_is_refused(tasks, changes):
    with pytest.raises(ValueError, match=f"{next(iter(changes))} of review task 'a'"):
        _offer(tasks, "a", **changes)


def test_an_id_is_given_once(tasks):
    _offer(tasks, "a")
    with pytest.raises(ValueError, match="'a' already"):
        _offer(tasks, "a")


def test_after_a_restart_everybody_has_what_they_had(tasks, clock, monkeypatch):
    _offer(tasks, "a", "b", "c", answers_wanted=2)
    tasks.claim(ANN)
    tasks.submit(ANN, "a", {"x": [1]})
    tasks.claim(ANN, "b")
    clock.forward(1)
    tasks.skip(ANN, "b")
    tasks.claim(BOB, "c")
    monkeypatch.setattr("local.aws.review.tasks._utc_now", clock)
    again = pickle.loads(pickle.dumps(tasks))
    assert again.held(BOB) == tasks.held(BOB)
    assert _ids(again.open_for(ANN)) == ["c", "b"]
    with pytest.raises(NotYoursError, match="has answered"):
        again.claim(ANN, "a")
    clock.forward(LIMIT)
    assert again.held(BOB) is None
    assert again.claim(CARL).id == "a"


def test_no_place_is_given_twice_however_many_claim_at_once(tasks):
    wanted, workers = 3, [Worker(str(n), str(n)) for n in range(16)]
    _offer(tasks, *map(str, range(40)), answers_wanted=wanted)
    ready = threading.Barrier(len(workers))

    def work(worker):
        ready.wait()
        while task := tasks.claim(worker):
            tasks.submit(worker, task.id, {"by": worker.name})

    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, workers))
    ended = tasks.ended()
    assert len(ended) == 40
    for task in ended:
        assert Counter(Counter(answer.worker for answer in task.answers).values()) == {1: wanted}


def test_no_two_workers_hold_a_place(tasks):
    workers = [Worker(str(n), str(n)) for n in range(32)]
    _offer(tasks, *map(str, range(10)))
    ready = threading.Barrier(len(workers))

    def claim(worker):
        ready.wait()
        return tasks.claim(worker)

    with ThreadPoolExecutor(len(workers)) as pool:
        given = [task.id for task in pool.map(claim, workers) if task]
    assert sorted(given, key=int) == _ids(_task(str(n)) for n in range(10))


def test_of_an_answer_and_a_cancellation_at_once_one_wins(tasks):
    for n in range(200):
        _offer(tasks, str(n))
        tasks.claim(ANN)
        ready = threading.Barrier(2)

        def answer(id_=str(n), ready=ready):
            ready.wait()
            try:
                tasks.submit(ANN, id_, {})
            except NotOpenError:
                return False
            return True

        def cancel(id_=str(n), ready=ready):
            ready.wait()
            tasks.cancel(id_)

        with ThreadPoolExecutor(2) as pool:
            answered, _ = pool.submit(answer), pool.submit(cancel)
        [ended] = tasks.ended()
        assert (ended.complete, ended.cancelled) == (answered.result(), not answered.result())
        tasks.settle(str(n))


def test_a_copy_taken_while_many_work_is_of_one_moment(tasks):
    workers = [Worker(str(n), str(n)) for n in range(4)]
    _offer(tasks, *map(str, range(300)), answers_wanted=2)

    def work(worker):
        while task := tasks.claim(worker):
            tasks.submit(worker, task.id, {})

    with ThreadPoolExecutor(len(workers)) as pool:
        working = [pool.submit(work, worker) for worker in workers]
        copies = []
        while not all(future.done() for future in working):
            copies.append(pickle.loads(pickle.dumps(tasks)))
    for copy in [*copies, tasks]:
        entries = copy._entries.values()
        assert all(len(e.answers) + len(e.places) <= 2 for e in entries)
        assert all(sum(worker.id in e.places for e in entries) <= 1 for worker in workers)


def test_a_wait_ends_when_something_changes(tasks):
    seen = tasks.wait(-1, 60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(tasks.wait, seen, 60)
        _offer(tasks, "a")
        assert waiting.result(30) != seen


def test_a_wait_sees_what_changed_before_it(tasks):
    seen = tasks.wait(-1, 60)
    tasks.wake()
    assert tasks.wait(seen, 60) != seen


def test_a_wait_ends_when_a_task_expires():
    tasks = ReviewTasks()
    _offer(tasks, "a", expires_at=datetime.now(UTC) + timedelta(seconds=0.2))
    seen = tasks.wait(-1, 0)
    while not tasks.ended():
        assert tasks.wait(seen, 60) == seen
