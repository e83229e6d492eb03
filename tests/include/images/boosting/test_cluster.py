"""Two hosts train one model: two processes with addresses of their own."""

import itertools
import os
import subprocess
import time

import pytest

from tests.include.images.boosting.conftest import (
    PARQUET,
    Job,
    csv,
    libsvm,
    lines,
    recordio,
    rmse,
    rows,
    wait_for,
)
from tests.include.images.boosting.test_pipes import feed

TRAIN, HELD_OUT = rows(600), rows(100, seed=8)
SHARDED = {"S3DistributionType": "ShardedByS3Key"}
_numbers = itertools.count(1)


@pytest.fixture
def pair(tmp_path):
    """Two hosts of one job."""
    network = f"127.{100 + os.getpid() % 100}.{next(_numbers) % 250}"
    addresses = {f"algo-{number}": f"{network}.{number}" for number in (1, 2)}
    made = [Job(tmp_path / host, hosts=list(addresses), host=host, addresses=addresses) for host in addresses]
    for job in made:
        job.hyperparameters |= {"subsample": "1", "num_round": "20"}
    return made


@pytest.fixture(scope="module")
def alone(tmp_path_factory, run_all):
    """The model of one host on all rows."""
    base = tmp_path_factory.mktemp("alone")
    job = Job(base / "job").channel("train", a=csv(TRAIN)).channel("validation", c=csv(HELD_OUT))
    job.hyperparameters |= {"subsample": "1", "num_round": "20"}
    [log] = run_all([job], base)
    return job, log


def finish(jobs, python, seconds=60):
    """Runs the hosts to their end; their exit codes and logs."""
    processes = [job.start(python) for job in jobs]
    logs = [process.communicate(timeout=seconds)[0] for process in processes]
    return [process.returncode for process in processes], logs


DIFFERENCE = """
import sys, numpy, xgboost
rows = xgboost.DMatrix(numpy.random.default_rng(1).random((500, 3), dtype="float32"))
first, second = (xgboost.Booster(model_file=path).predict(rows) for path in sys.argv[1:])
print(abs(first - second).max() / first.std())
"""


def difference(python, first: Job, second: Job) -> float:
    """The largest between two models' predictions, in standard deviations of them."""
    models = [str(job.base / "model" / "xgboost-model") for job in (first, second)]
    done = subprocess.run([python, "-c", DIFFERENCE, *models], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _one_file(jobs):
    for job in jobs:
        job.channel("train", a=csv(TRAIN)).channel("validation", c=csv(HELD_OUT))


def _two_files(jobs):
    for job in jobs:
        job.channel("train", a=csv(TRAIN[:250]), b=csv(TRAIN[250:])).channel("validation", c=csv(HELD_OUT))


def _libsvm(jobs):
    for job in jobs:
        job.channel("train", "libsvm", a=libsvm(TRAIN)).channel("validation", "libsvm", c=libsvm(HELD_OUT))


def _sharded(jobs):
    for job, part, held_out in zip(
        jobs, (TRAIN[:400], TRAIN[400:]), (HELD_OUT[:50], HELD_OUT[50:]), strict=True
    ):
        job.channel("train", a=csv(part)).channel("validation", c=csv(held_out))
        job.channels["train"] |= SHARDED
        job.channels["validation"] |= SHARDED


def _pipes(jobs):
    for job in jobs:
        feed(job.pipe("train", "application/x-recordio-protobuf"), recordio(TRAIN))
        feed(job.pipe("validation"), csv(HELD_OUT))


@pytest.mark.parametrize(
    "fill",
    [
        _pipes,
        *(pytest.param(fill, marks=pytest.mark.slow) for fill in (_one_file, _two_files, _libsvm, _sharded)),
    ],
)
def test_two_hosts_train_one_model(pair, alone, python, fill):
    fill(pair)
    codes, (first, second) = finish(pair, python)
    assert codes == [0, 0], (first, second)
    assert lines(first) == list(range(20))
    assert lines(second) == []
    assert rmse(first) == pytest.approx(rmse(alone[1]), rel=0.05)
    assert rmse(first, "train") == pytest.approx(rmse(alone[1], "train"), rel=0.05)
    # Every row counts once: had each host all rows, or the hosts one half, the models would not be alike.
    assert difference(python, pair[0], alone[0]) < 0.2
    assert not (pair[1].base / "model" / "xgboost-model").exists()


@pytest.mark.slow
def test_a_host_without_rows_takes_no_part(pair, alone, python):
    pair[0].channel("train").channel("validation")
    pair[1].channel("train", a=csv(TRAIN)).channel("validation", c=csv(HELD_OUT))
    for job in pair:
        job.channels["train"] |= SHARDED
        job.channels["validation"] |= SHARDED
    codes, (first, _) = finish(pair, python)
    assert codes == [0, 0]
    assert "Host algo-1 has no rows of channel train and takes no part." in first
    assert pair[1].model == alone[0].model


def test_a_host_without_validation_rows_is_named_by_every_host(pair, python):
    _sharded(pair)
    (pair[1].base / "input" / "data" / "validation" / "c").write_bytes(b"")
    codes, _ = finish(pair, python)
    assert codes == [1, 1]
    for job in pair:
        assert "Channel validation has no rows on algo-2: give each host at least one file" in job.failure


def test_hosts_with_other_features_are_named_by_every_host(pair, python):
    _sharded(pair)
    (pair[1].base / "input" / "data" / "train" / "a").write_bytes(b"1,2,3\n")
    codes, _ = finish(pair, python)
    assert codes == [1, 1]
    assert all("Channel train has 2 features on algo-2: expected 3" in job.failure for job in pair)


@pytest.mark.slow
def test_hosts_whose_columns_stand_in_another_order_are_named_by_every_host(pair, python, parquet):
    for job, train in zip(pair, ("first", "reordered"), strict=True):
        job.channel("train", PARQUET, a=parquet[train]).channel("validation", PARQUET, c=parquet["held out"])
        job.channels["train"] |= SHARDED
    codes, _ = finish(pair, python)
    assert codes == [1, 1]
    said = "Channel train has other columns, or the same in another order, on algo-2 than on algo-1: write"
    assert all(said in job.failure for job in pair)


@pytest.mark.parametrize("bad", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_host_that_cannot_read_its_rows_ends_the_other(pair, python, bad):
    _sharded(pair)
    (pair[bad].base / "input" / "data" / "train" / "a").write_bytes(b"rings,length\n1,2\n")
    codes, _ = finish(pair, python, 30)
    assert codes == [1, 1]
    assert "a of channel train is not a headerless CSV of numbers" in pair[bad].failure
    other = pair[1 - bad]
    assert other.failure.startswith(f"HostLostError: Host {other.host} trains with {pair[bad].host} and lost")


@pytest.mark.parametrize("dying", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_host_that_dies_ends_the_other_within_seconds(pair, python, dying):
    _one_file(pair)
    for job in pair:
        job.spot().hyperparameters |= {"num_round": "100000"}
    processes = [job.start(python) for job in pair]
    wait_for(lambda: pair[0].numbers)
    processes[dying].kill()
    died = time.monotonic()
    log, _ = processes[1 - dying].communicate(timeout=30)
    assert time.monotonic() - died < 20, log
    processes[dying].communicate(timeout=5)
    assert processes[1 - dying].returncode == 1
    left = pair[1 - dying]
    assert left.failure.startswith(f"HostLostError: Host {left.host} trains with {pair[dying].host} and lost")


@pytest.mark.slow
@pytest.mark.parametrize("waiting", [0, 1])
def test_sigterm_ends_a_host_that_waits_for_the_others(pair, python, waiting):
    _one_file(pair)
    process = pair[waiting].start(python)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=4)
    process.terminate()
    log, _ = process.communicate(timeout=5)
    assert "SIGTERM: the program ends." in log
    assert process.returncode == 143


@pytest.mark.slow
def test_two_hosts_resume_from_the_checkpoint_of_the_first(pair, python, run_all, tmp_path):
    _one_file(pair)
    for job in pair:
        job.spot().hyperparameters["num_round"] = "6"
    finish(pair, python)
    assert (pair[0].numbers, pair[1].numbers) == ([1, 2, 3, 4, 5], [])
    for job in pair:
        job.hyperparameters["num_round"] = "9"
    codes, (first, _) = finish(pair, python)
    assert codes == [0, 0]
    assert lines(first) == [6, 7, 8]


def test_the_image_s_modules_are_on_the_path_of_scripts(tmp_path, python):
    """After the script's own: it may have an `algorithm` too."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "algorithm.py").write_text("NAME = 'mine'\n")
    (code / "mine.py").write_text("import algorithm, boosting.job\nprint(algorithm.NAME)\n")
    job = Job(tmp_path / "job")
    job.hyperparameters = {"sagemaker_program": "mine.py", "sagemaker_submit_directory": str(code)}
    process = job.start(python)
    log, _ = process.communicate(timeout=30)
    assert (process.returncode, log) == (0, "mine\n")
