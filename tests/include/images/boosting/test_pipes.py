"""Pipe mode: named pipes, of which one epoch is read."""

import os
import subprocess
import threading

import pytest

from tests.include.images.boosting.conftest import IMAGES, PARQUET, RECORDIO, Job, csv, recordio, rows

TRAIN, HELD_OUT = rows(300), rows(60, seed=8)


def feed(path, *objects: bytes) -> threading.Thread:
    """Writes the objects one after the other once somebody reads, and closes the pipe."""

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for content in objects:
                for start in range(0, len(content), 1000):
                    pipe.write(content[start : start + 1000])

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def _objects(form, parquet):
    halves = TRAIN[:150], TRAIN[150:], HELD_OUT
    return {
        "text/csv": [csv(part) for part in halves],
        RECORDIO: [recordio(part) for part in halves],
        PARQUET: [parquet["first"], parquet["second"], parquet["held out"]],
        "disguised": [parquet["disguised"], parquet["disguised"], parquet["disguised"]],
    }[form]


@pytest.fixture(scope="module")
def folders(tmp_path_factory, parquet, run_all):
    """The same rows from folders: the models to compare with."""
    base, jobs = tmp_path_factory.mktemp("folders"), {}
    for form in ("text/csv", RECORDIO, PARQUET, "disguised"):
        first, second, held_out = _objects(form, parquet)
        content_type = PARQUET if form == "disguised" else form
        jobs[form] = Job(base / str(len(jobs))).channel("train", content_type, a=first, b=second)
        jobs[form].channel("validation", content_type, c=held_out)
    run_all(jobs.values(), base)
    return jobs


@pytest.mark.parametrize("form", ["text/csv", RECORDIO, PARQUET, "disguised"])
def test_a_pipe_trains_the_model_that_files_train(tmp_path, parquet, folders, run_all, form):
    first, second, held_out = _objects(form, parquet)
    content_type = PARQUET if form == "disguised" else form
    job = Job(tmp_path / "job")
    feeders = [
        feed(job.pipe("train", content_type), first, second),
        feed(job.pipe("validation", content_type), held_out),
    ]
    [log] = run_all([job], tmp_path)
    assert "exit code 0" in log
    assert job.model == folders[form].model
    for feeder in feeders:
        feeder.join(5)
        assert not feeder.is_alive()


def test_libsvm_in_a_pipe_is_refused_as_aws_refuses_it(tmp_path, run_all):
    job = Job(tmp_path / "job")
    job.pipe("train", "text/libsvm")
    run_all([job], tmp_path)
    assert job.failure == "DataError: Pipe mode not supported for LibSVM. (Channel train.)"


@pytest.mark.parametrize(
    ("content_type", "content", "says"),
    [
        (RECORDIO, recordio(TRAIN[:5])[:-5], "Pipe train_0, record 4 at byte "),
        (PARQUET, b"PAR1" + bytes(100), "Pipe train_0, file 1 is not Parquet, or is not whole"),
        (PARQUET, b"", "Channel train has no rows"),
        ("text/csv", b"1,2,3,4\n1,2", "Pipe train_0 is not a headerless CSV of numbers"),
        ("text/csv", b"", "Channel train has no rows"),
    ],
)
def test_a_writer_that_stops_is_no_reason_to_wait(tmp_path, run_all, content_type, content, says):
    job = Job(tmp_path / "job")
    feed(job.pipe("train", content_type), content)
    [log] = run_all([job], tmp_path)
    assert "exit code 1" in log
    assert says in job.failure


def test_the_second_file_of_a_pipe_has_the_columns_of_the_first(tmp_path, parquet, run_all):
    job = Job(tmp_path / "job")
    feed(job.pipe("train", PARQUET), parquet["first"], parquet["missing"])
    run_all([job], tmp_path)
    assert "Pipe train_0, file 2 has no column 'height': expected the columns rings, length" in job.failure


def test_a_pipe_without_a_writer_is_waited_for_and_no_longer_than_that(tmp_path, python):
    job = Job(tmp_path / "job")
    path = job.pipe("train")
    process = job.start(python)
    with pytest.raises(TimeoutError):
        _wait_end(process, 4)
    # The writer that comes late is served, here by another process that closes at once.
    os.close(os.open(path, os.O_WRONLY))
    _wait_end(process, 20)
    assert "Channel train has no rows" in job.failure


def _wait_end(process, seconds):
    try:
        process.communicate(timeout=seconds)
    except Exception:
        raise TimeoutError from None


def test_a_silent_pipe_is_an_error(tmp_path, python):
    """The bound itself, ten minutes, is made short."""
    script = (
        "import sys; from pathlib import Path; from entrypoint import pipes\n"
        "pipes.PATIENCE_SECONDS = 0.2\n"
        "pipes.buffered(Path(sys.argv[1]), ValueError).read()"
    )
    path = Job(tmp_path / "job").pipe("train")
    assert "Nothing came through the pipe train_0 for 0 s" in _said(python, script, path)
    path.unlink()
    assert "The pipe train_0 is not there after 0 s" in _said(python, script, path)


def _said(python, script, path):
    environment = {**os.environ, "PYTHONPATH": f"{IMAGES}{os.pathsep}{IMAGES / 'xgboost'}"}
    done = subprocess.run(
        [python, "-c", script, path], env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 1
    return done.stderr


def test_a_channel_in_records_is_refused(tmp_path, run_all):
    job = Job(tmp_path / "job").channel("train", a=csv(TRAIN))
    job.channels["train"]["RecordWrapperType"] = "RecordIO"
    run_all([job], tmp_path)
    assert "Channel train has RecordWrapperType RecordIO: XGBoost reads None only." in job.failure
