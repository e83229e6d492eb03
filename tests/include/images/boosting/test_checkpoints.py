"""A training that is interrupted goes on where it was."""

import signal

import pytest

from tests.include.images.boosting.conftest import Job, csv, lines, rows, wait_for

TRAIN, HELD_OUT = csv(rows(20_000)), csv(rows(2_000, seed=8))


def _job(base, rounds: int, **hyperparameters: str) -> Job:
    job = Job(base).channel("train", a__csv=TRAIN).channel("validation", b__csv=HELD_OUT).spot()
    job.hyperparameters |= {"num_round": str(rounds), "subsample": "1", **hyperparameters}
    return job


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, run_all):
    base = tmp_path_factory.mktemp("uninterrupted")
    job = _job(base / "job", 60)
    [log] = run_all([job], base)
    return job, log


def test_a_checkpoint_for_each_round_of_which_five_are_kept(uninterrupted):
    job, log = uninterrupted
    assert job.numbers == [55, 56, 57, 58, 59]
    assert lines(log) == list(range(60))
    assert "Saved xgboost-model with 60 rounds." in log


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)],
    ids=["SIGTERM", "SIGKILL"],
)
def test_interrupted_twice_it_trains_the_rounds_that_are_left(tmp_path, python, uninterrupted, number):
    job, logs = _job(tmp_path / "job", 60), []
    for rounds in (5, 20):
        process = job.start(python)
        wait_for(lambda rounds=rounds: max(job.numbers, default=0) >= rounds)
        process.send_signal(number)
        log, _ = process.communicate(timeout=5)
        assert process.returncode in (128 + number, -number)
        logs.append(log)
    log, _ = job.start(python).communicate(timeout=60)
    logs.append(log)
    first, second, third = map(lines, logs)
    # A round may be done and not saved when the signal comes: then it is trained again.
    assert first == list(range(len(first)))
    assert second[0] in {len(first), len(first) - 1, len(first) + 1} - {0}
    assert second[0] >= 5
    assert third == list(range(third[0], 60))
    assert third[0] >= 20
    assert f"Checkpoint {third[0] - 1} is loaded: training goes on with round {third[0]}." in log
    # Nothing tells the models apart.
    assert job.model == uninterrupted[0].model
    assert not list(job.checkpoints.glob("*.sagemaker-ignore"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory, run_all):
    """The folder of a job of ten rounds."""
    base = tmp_path_factory.mktemp("saved")
    job = _job(base / "job", 10)
    run_all([job], base)
    return job


def _again(saved: Job, base, rounds: int, **hyperparameters: str) -> Job:
    job = _job(base, rounds, **hyperparameters)
    for path in saved.checkpoints.iterdir():
        (job.checkpoints / path.name).write_bytes(path.read_bytes())
    return job


def test_a_truncated_checkpoint_is_left_out_and_named(tmp_path, saved, run_all):
    jobs = [_again(saved, tmp_path / str(number), 12) for number in range(3)]
    for job in jobs:
        newest = job.checkpoints / "xgboost-checkpoint.9"
        newest.write_bytes(newest.read_bytes()[:-100])
    (jobs[1].checkpoints / "xgboost-checkpoint.8").write_bytes(b"")
    for number in (5, 6, 7, 8):
        (jobs[2].checkpoints / f"xgboost-checkpoint.{number}").write_bytes(b"\x80\x04K\x01.")
    logs = run_all(jobs, tmp_path)
    assert [lines(log)[0] for log in logs] == [9, 8, 0]
    assert [lines(log)[-1] for log in logs] == [11, 11, 11]
    assert "this checkpoint is left out: xgboost-checkpoint.9 is not whole" in logs[0]
    assert "this checkpoint is left out: xgboost-checkpoint.8 is not in XGBoost's UBJ" in logs[1]
    assert jobs[0].model == jobs[1].model == jobs[2].model


def test_nothing_is_left_to_train(tmp_path, saved, run_all):
    job = _again(saved, tmp_path / "job", 10)
    [log] = run_all([job], tmp_path)
    assert lines(log) == []
    assert "Saved xgboost-model with 10 rounds." in log
    assert job.model == saved.model


def test_a_checkpoint_under_a_wrong_number_is_left_out(tmp_path, saved, run_all):
    job = _again(saved, tmp_path / "job", 12)
    (job.checkpoints / "xgboost-checkpoint.9").rename(job.checkpoints / "xgboost-checkpoint.20")
    [log] = run_all([job], tmp_path)
    assert "xgboost-checkpoint.20 has 10 rounds: expected 21" in log
    assert lines(log) == [9, 10, 11]


def test_a_checkpoint_of_other_features_is_refused(tmp_path, saved, run_all):
    job = _again(saved, tmp_path / "job", 12)
    job.channel("train", a__csv=b"1,2\n2,3\n").channel("validation", b__csv=b"1,2\n")
    run_all([job], tmp_path)
    assert "The last checkpoint takes 3 features, the rows of channel train have 1" in job.failure


def test_a_checkpoint_that_is_being_uploaded_is_kept_for_now(tmp_path, saved, run_all):
    job = _again(saved, tmp_path / "job", 14)
    (job.checkpoints / "xgboost-checkpoint.5.sagemaker-uploading").touch()
    (job.checkpoints / "xgboost-checkpoint.6.sagemaker-uploading").touch()
    (job.checkpoints / "xgboost-checkpoint.6.sagemaker-uploaded").touch()
    run_all([job], tmp_path)
    numbers = [int(p.name.split(".")[1]) for p in job.checkpoints.iterdir() if p.name.count(".") == 1]
    assert sorted(numbers) == [5, 9, 10, 11, 12, 13]


@pytest.mark.slow
def test_early_stopping_counts_on_after_an_interruption(tmp_path, run_all):
    settings = {"eta": "1", "max_depth": "8", "early_stopping_rounds": "4"}
    whole = _job(tmp_path / "whole", 200, **settings)
    [log] = run_all([whole], tmp_path)
    last = lines(log)[-1]
    assert 4 < last < 199
    for interrupted_at in (last - 1, last - 3):
        part = _job(tmp_path / f"part {interrupted_at}", interrupted_at, **settings)
        run_all([part], tmp_path)
        part.hyperparameters["num_round"] = "200"
        [rest] = run_all([part], tmp_path)
        assert lines(rest) == list(range(interrupted_at, last + 1))
        assert part.model == whole.model
    # Started once more, it knows that it was over.
    model = whole.model
    [rest] = run_all([whole], tmp_path)
    assert lines(rest) == []
    assert whole.model == model


def test_a_job_without_checkpoints_makes_none(tmp_path, run_all):
    job = Job(tmp_path / "job").channel("train", a__csv=TRAIN)
    run_all([job], tmp_path)
    assert not job.checkpoints.exists()
