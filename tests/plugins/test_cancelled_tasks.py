"""The API server stops the job of a task that a person has marked, once the mark is there for all to see."""

from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from millrace.launching import RemoteJob
from millrace.listeners import cancelled_tasks

JOB = RemoteJob("SageMaker training job", "local-abalone-train-1", None, None)


@pytest.fixture
def session(monkeypatch):
    """The request's database session."""
    with Session(create_engine("sqlite://")) as made:
        monkeypatch.setattr("sqlalchemy.orm.object_session", lambda _: made)
        made.execute(text("SELECT 1"))
        yield made


@pytest.fixture
def stopped(monkeypatch):
    """Names of the jobs that AWS was asked to stop; the threads that do so are waited for."""
    names = []
    monkeypatch.setattr(cancelled_tasks, "_remote_job", lambda *_: JOB)
    monkeypatch.setattr(cancelled_tasks, "_stop", lambda job, task: names.append((job.name, task)))

    def read():
        cancelled_tasks._pool().submit(lambda: None).result()
        cancelled_tasks._pool().shutdown(wait=True)
        cancelled_tasks._pool.cache_clear()
        return names

    return read


@pytest.mark.parametrize("mark", ["success", "failed", "skipped"])
def test_a_job_is_stopped_once_when_the_mark_is_committed(session, stopped, mark):
    getattr(cancelled_tasks, f"on_task_instance_{mark}")(None, SimpleNamespace(key="train"))
    assert stopped() == [], "the news of its end could resume the task before"
    session.commit()
    session.execute(text("SELECT 1"))
    session.commit()
    assert stopped() == [(JOB.name, "train")]


def test_a_mark_that_is_rolled_back_stops_nothing(session, stopped):
    cancelled_tasks.on_task_instance_failed(None, SimpleNamespace(key="train"))
    session.rollback()
    assert stopped() == []


def test_a_task_that_ended_by_itself_stops_nothing(session, stopped):
    cancelled_tasks.on_task_instance_failed("running", SimpleNamespace(key="train"))
    session.commit()
    assert stopped() == []
