import pickle

import pytest

from local.aws.review.workers import MAX_NAME, UnknownWorkerError, WorkerNameError, Workers

TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/transcribers"


@pytest.fixture
def workers():
    return Workers()


def test_a_worker_is_known_by_name_and_token(workers):
    token = workers.add("ann")
    assert workers.known("ann", token).name == "ann"


@pytest.mark.parametrize(
    ("name", "token"), [("ann", "wrong"), ("ann", ""), ("bob", "wrong"), ("ann", "\ud800")]
)
def test_who_has_another_name_or_token_is_not_known(workers, name, token):
    workers.add("ann")
    assert workers.known(name, token) is None


def test_a_token_is_of_one_worker_only(workers):
    of_ann, of_bob = workers.add("ann"), workers.add("bob")
    assert of_ann != of_bob
    assert workers.known("bob", of_ann) is None


def test_what_is_saved_has_no_token_in_it(workers):
    token = workers.add("ann")
    saved = pickle.dumps(workers)
    assert token.encode() not in saved
    assert token not in repr(vars(workers))
    assert pickle.loads(saved).known("ann", token) == workers.known("ann", token)


def test_two_workers_have_two_names(workers):
    token = workers.add("ann")
    with pytest.raises(WorkerNameError, match="'ann' already"):
        workers.add("ann")
    assert workers.known("ann", token)


@pytest.mark.parametrize("name", ["", " ann", "ann ", "a\nb", "a\x00b", "x" * (MAX_NAME + 1)])
def test_a_name_is_printable_and_not_long(workers, name):
    with pytest.raises(WorkerNameError):
        workers.add(name)
    assert workers.all() == []


def test_another_token_voids_the_first_and_leaves_the_worker_as_it_was(workers):
    first = workers.add("ann", ["transcribers"])
    before = workers.known("ann", first)
    second = workers.renew("ann")
    assert workers.known("ann", first) is None
    assert workers.known("ann", second) == before


def test_a_removed_worker_cannot_sign_in(workers):
    token = workers.add("ann")
    workers.remove("ann")
    assert workers.known("ann", token) is None
    for forgotten in (workers.remove, workers.renew):
        with pytest.raises(UnknownWorkerError, match="'ann'"):
            forgotten("ann")


@pytest.mark.parametrize(
    ("teams", "belongs"), [(None, True), (["transcribers"], True), (["scribers"], False), ([], False)]
)
def test_a_worker_is_in_every_team_unless_teams_are_named(workers, teams, belongs):
    token = workers.add("ann", teams)
    assert workers.known("ann", token).belongs_to(TEAM) is belongs


def test_workers_are_listed_by_name(workers):
    for name in ("carl", "ann", "bob"):
        workers.add(name)
    assert [worker.name for worker in workers.all()] == ["ann", "bob", "carl"]
