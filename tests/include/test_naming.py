import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.naming import (
    MEMBER_SUFFIX_LENGTH,
    TaskIdentity,
    batch_of,
    content_name,
    job_name,
    member_name,
    resource_name,
    run_slug,
)

SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
IDENTITY = TaskIdentity("local", "main", "abalone", "manual__2026-01-01T00:00:00+00:00", "train")

identities = st.builds(
    TaskIdentity, st.text(), st.text(), st.text(), st.text(), st.text(), st.integers(-1, 1000)
)


@given(identities, st.integers(1, 999), st.sampled_from([32, 63]))
def test_every_name_is_one_that_sagemaker_takes(identity, launch, max_length):
    name = job_name(identity, launch, max_length=max_length)
    assert len(name) <= max_length
    assert SAGEMAKER_NAME.fullmatch(name)


def test_a_name_is_readable_and_stable():
    assert job_name(IDENTITY, 1) == f"local-abalone-train-{IDENTITY.digest}-1"
    assert job_name(IDENTITY, 1) == job_name(replace(IDENTITY), 1)


@pytest.mark.parametrize(
    "other",
    [
        {"environment": "prod"},
        {"tenant": "other"},
        {"dag_id": "abalon"},
        {"run_id": "manual__2026-01-01T00:00:00-00:00"},
        {"task_id": "train_2"},
        {"map_index": 0},
    ],
)
def test_whatever_differs_gives_another_name(other):
    assert job_name(replace(IDENTITY, **other), 1) != job_name(IDENTITY, 1)


def test_names_that_are_cut_still_differ():
    long = replace(IDENTITY, task_id="t" * 200)
    assert job_name(long, 1) != job_name(replace(IDENTITY, task_id="t" * 201), 1)


def test_a_name_without_room_for_its_digest_is_refused():
    with pytest.raises(ValueError, match="no room"):
        job_name(IDENTITY, 1, max_length=10)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_runs_have_different_prefixes(one, other):
    assert (run_slug(one) == run_slug(other)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9_.=-]+", run_slug(one))


@pytest.mark.parametrize("run_id", [".", ".."])
def test_a_run_cannot_leave_its_prefix(run_id):
    assert run_slug(run_id) not in {".", ".."}


def test_a_long_dag_id_still_gives_a_name_that_sagemaker_takes():
    names = {resource_name("local", "main", "a_very_long_pipeline_name" * 5 + suffix) for suffix in "xy"}
    assert len(names) == 2
    assert all(SAGEMAKER_NAME.fullmatch(name) for name in names)


HUMAN_LOOP_NAME = re.compile(r"[a-z0-9](-*[a-z0-9])*")


@given(identities, st.integers(1, 999), st.text(min_size=1), st.text(min_size=1))
def test_every_item_of_a_launch_has_a_name_that_a_human_loop_takes(identity, launch, one, other):
    batch = job_name(identity, launch, max_length=63 - MEMBER_SUFFIX_LENGTH)
    name = member_name(batch, one)
    assert len(name) <= 63
    assert HUMAN_LOOP_NAME.fullmatch(name)
    assert batch_of(name) == batch
    assert (name == member_name(batch, other)) == (one == other)


@pytest.mark.parametrize("name", ["millrace-local-main-talks", "m" * 63, "m" * 51 + "-" + "m" * 11])
def test_another_content_has_another_name(name):
    names = {content_name(name, content) for content in ("a", "b", "a")}
    assert len(names) == 2
    assert all(SAGEMAKER_NAME.fullmatch(each) for each in names)
