"""Versions and watches: who lists and then watches knows what is there, whatever happens."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.kubernetes.kept import KeptObjects
from local.aws.kubernetes.resources import NODES, PODS
from local.aws.kubernetes.selectors import by_labels
from local.aws.kubernetes.statuses import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    InvalidError,
    NotFoundError,
    TooLargeVersionError,
)
from local.aws.kubernetes.store import Key, Scope, Store


def pod(name, **labels):
    return {"metadata": {"name": name, "labels": labels}, "spec": {"size": 0}}


def key(name, namespace="here"):
    return Key(PODS, namespace, name)


def resized(size):
    return lambda thing: {**thing, "spec": {"size": size}}


@pytest.fixture
def store():
    return Store()


def told(store, since, **options):
    """What a watch tells that ends at once."""
    scope = options.pop("scope", Scope(PODS))
    return [(event.type, event.object["metadata"].get("name")) for event in store.watch(scope, since, 0)]


def test_what_is_made_has_what_kubernetes_adds(store):
    made = store.create(PODS, "here", pod("a"))
    assert (made["apiVersion"], made["kind"]) == ("v1", "Pod")
    metadata = made["metadata"]
    assert (metadata["namespace"], metadata["generation"]) == ("here", 1)
    assert len(metadata["uid"]) == 36
    assert metadata["creationTimestamp"].endswith("Z")
    assert "namespace" not in store.create(NODES, "", {"metadata": {"name": "n"}})["metadata"]


def test_every_change_takes_the_next_version_of_the_cluster(store):
    first, second = store.create(PODS, "here", pod("a")), store.create(PODS, "there", pod("a"))
    versions = [int(thing["metadata"]["resourceVersion"]) for thing in (first, second)]
    assert versions == [versions[0], versions[0] + 1]
    changed = store.update(key("a"), resized(1))
    assert int(changed["metadata"]["resourceVersion"]) == versions[1] + 1
    assert changed["metadata"]["generation"] == 2
    assert store.select(Scope(PODS)) == ([changed, second], versions[1] + 1)


def test_a_change_to_nothing_new_is_none(store):
    made = store.create(PODS, "here", pod("a"))
    version = int(made["metadata"]["resourceVersion"])
    assert store.update(key("a"), resized(0)) == made
    assert told(store, version) == [("BOOKMARK", None)]


def test_status_leaves_the_generation(store):
    store.create(PODS, "here", pod("a"))
    after = store.update(key("a"), lambda thing: {**thing, "status": {"phase": "Running"}})
    assert after["metadata"]["generation"] == 1


def test_who_changes_an_object_does_not_change_what_is_not_theirs(store):
    made = store.create(PODS, "here", pod("a"))

    def steal(thing):
        return {**thing, "metadata": {"name": "b", "uid": "mine", "labels": {"x": "1"}}}

    after = store.update(key("a"), steal)["metadata"]
    assert {name: after[name] for name in ("name", "uid")} == {"name": "a", "uid": made["metadata"]["uid"]}
    assert after["labels"] == {"x": "1"}


def test_names_are_taken_once_and_made_up(store):
    store.create(PODS, "here", pod("a"))
    with pytest.raises(AlreadyExistsError, match='pods "a" already exists'):
        store.create(PODS, "here", pod("a"))
    made = store.create(PODS, "here", {"metadata": {"generateName": "a-"}})
    assert made["metadata"]["name"].startswith("a-")
    with pytest.raises(InvalidError, match="name or generateName"):
        store.create(PODS, "here", {"metadata": {}})


def test_who_has_read_an_older_version_is_refused(store):
    version = store.create(PODS, "here", pod("a"))["metadata"]["resourceVersion"]
    store.update(key("a"), resized(1), version)
    with pytest.raises(ConflictError, match="the object has been modified"):
        store.update(key("a"), resized(2), version)


def test_what_is_gone_is_gone(store):
    made = store.create(PODS, "here", pod("a"))
    with pytest.raises(ConflictError, match="made anew"):
        store.delete(key("a"), uid="another")
    gone = store.delete(key("a"), uid=made["metadata"]["uid"])
    assert int(gone["metadata"]["resourceVersion"]) == int(made["metadata"]["resourceVersion"]) + 1
    for lost in (lambda: store.get(key("a")), lambda: store.delete(key("a"))):
        with pytest.raises(NotFoundError, match='pods "a" not found'):
            lost()


def test_a_watch_without_a_version_tells_what_is_there_first(store):
    store.create(PODS, "here", pod("a"))
    store.create(NODES, "", {"metadata": {"name": "n"}})
    assert told(store, None) == [("ADDED", "a"), ("BOOKMARK", None)]


def test_a_watch_goes_on_after_a_version(store):
    version = int(store.create(PODS, "here", pod("a"))["metadata"]["resourceVersion"])
    store.create(PODS, "here", pod("b"))
    store.update(key("a"), resized(1))
    store.delete(key("b"))
    assert told(store, version) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b"), ("BOOKMARK", None)]
    assert told(store, version + 2) == [("DELETED", "b"), ("BOOKMARK", None)]


def test_who_is_no_longer_selected_is_deleted_for_the_watcher(store):
    version = int(store.create(PODS, "here", pod("a", team="x"))["metadata"]["resourceVersion"])
    store.update(
        key("a"), lambda thing: {**thing, "metadata": {**thing["metadata"], "labels": {"team": "y"}}}
    )
    for team, event in (("x", "DELETED"), ("y", "ADDED")):
        scope = Scope(PODS, "here", by_labels(f"team={team}"))
        [change, _] = store.watch(scope, version, 0)
        assert change.type == event
        assert int(change.object["metadata"]["resourceVersion"]) == version + 1


def test_a_version_that_is_too_old_is_said(store):
    small = Store(history=3)
    for number in range(6):
        small.create(PODS, "here", pod(str(number)))
    _, version = small.select(Scope(PODS))
    assert [event.type for event in small.watch(Scope(PODS), version - 3, 0)] == [*["ADDED"] * 3, "BOOKMARK"]
    with pytest.raises(ExpiredError, match="too old resource version: "):
        list(small.watch(Scope(PODS), version - 4, 0))


def test_what_is_kept_outlives_the_process(tmp_path):
    path = tmp_path / "cluster" / "objects.sqlite"
    kept = KeptObjects(path)
    store = Store(kept)
    store.create(PODS, "here", pod("a"))
    store.create(PODS, "here", pod("b"))
    changed, gone = store.update(key("a"), resized(1)), store.delete(key("b"))
    kept.close()
    again = Store(KeptObjects(path))
    version = int(gone["metadata"]["resourceVersion"])
    assert again.select(Scope(PODS)) == ([changed], version)
    # What happened before is no longer known, what happens from now on is.
    with pytest.raises(ExpiredError):
        list(again.watch(Scope(PODS), version - 1, 0))
    again.delete(key("a"))
    assert told(again, version) == [("DELETED", "a"), ("BOOKMARK", None)]


def test_a_version_of_the_future_is_waited_for_and_then_refused(store, monkeypatch):
    monkeypatch.setattr("local.aws.kubernetes.store.PATIENCE_SECONDS", 0.1)
    with pytest.raises(TooLargeVersionError, match="Too large resource version: 99"):
        list(store.watch(Scope(PODS), 99, 0))


def test_a_watcher_that_waits_is_told_at_once_and_can_be_ended(store):
    ended, found = threading.Event(), []

    def watch():
        found.extend(event.type for event in store.watch(Scope(PODS), None, stopped=ended.is_set))

    watcher = threading.Thread(target=watch)
    watcher.start()
    store.create(PODS, "here", pod("a"))
    ended.set()
    store.create(PODS, "here", pod("b"))
    watcher.join(10)
    assert found == ["ADDED", "ADDED", "BOOKMARK"]


NAMES = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), NAMES, st.sampled_from("xy")),
        st.tuples(st.just("label"), NAMES, st.sampled_from("xy")),
        st.tuples(st.just("delete"), NAMES, st.none()),
    ),
    max_size=30,
)


def do(store, step):
    what, name, team = step
    try:
        if what == "create":
            store.create(PODS, "here", pod(name, team=team))
        elif what == "delete":
            store.delete(key(name))
        else:
            labels = {"labels": {"team": team}}
            store.update(key(name), lambda thing: {**thing, "metadata": {**thing["metadata"], **labels}})
    except (AlreadyExistsError, NotFoundError):
        return


@given(before=STEPS, after=STEPS, team=st.sampled_from(["", "team=x", "team!=x"]))
def test_a_list_and_a_watch_from_it_come_to_the_list_of_then(before, after, team):
    store, scope = Store(), Scope(PODS, "here", by_labels(team))
    for step in before:
        do(store, step)
    found, version = store.select(scope)
    known = {thing["metadata"]["name"]: thing for thing in found}
    for step in after:
        do(store, step)
    for event in store.watch(scope, version, 0):
        name = event.object["metadata"].get("name")
        if event.type == "ADDED":
            assert name not in known
            known[name] = event.object
        elif event.type == "MODIFIED":
            assert name in known
            known[name] = event.object
        elif event.type == "DELETED":
            del known[name]
    assert [known[name] for name in sorted(known)] == store.select(scope)[0]
