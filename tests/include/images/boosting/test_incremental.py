"""Training goes on from an earlier model."""

import io
import pickle
import random
import tarfile

import pytest

from tests.include.images.boosting.conftest import Job, csv, lines, rmse, rows

TRAIN, HELD_OUT = csv(rows(300)), csv(rows(60, seed=8))
MODEL = "application/x-sagemaker-model"


def packed(content: bytes, name: str = "./xgboost-model") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in (("metrics.json", b"{}"), (name, content)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _job(base, rounds: int, **model: bytes) -> Job:
    job = Job(base).channel("train", a__csv=TRAIN).channel("validation", b__csv=HELD_OUT)
    if model:
        job.channel("model", MODEL)
        for name, content in model.items():
            file = {"archive": "model.tar.gz", "plain": "xgboost-model"}.get(name, name)
            (base / "input" / "data" / "model" / file).write_bytes(content)
    job.hyperparameters |= {"num_round": str(rounds), "subsample": "1"}
    return job


@pytest.fixture(scope="module")
def first(tmp_path_factory, run_all):
    base = tmp_path_factory.mktemp("first")
    job = _job(base / "job", 5)
    [log] = run_all([job], base)
    return job, log


def test_a_model_gets_more_rounds(tmp_path, first, run_all):
    earlier, before = first
    jobs = [
        _job(tmp_path / "archive", 3, archive=packed(earlier.model)),
        _job(tmp_path / "plain", 3, plain=earlier.model),
        _job(tmp_path / "whole", 8),
    ]
    logs = run_all(jobs, tmp_path)
    assert [lines(log) for log in logs] == [[5, 6, 7], [5, 6, 7], list(range(8))]
    assert jobs[0].model == jobs[1].model
    assert rmse(logs[0]) < rmse(before)
    # On the same rows it is as if training had never ended, but for splits on values and not on quantiles.
    assert rmse(logs[0]) == pytest.approx(rmse(logs[2]), rel=0.05)


def test_it_resumes_from_its_own_checkpoints(tmp_path, first, run_all):
    job = _job(tmp_path / "job", 4, plain=first[0].model).spot()
    whole = run_all([job], tmp_path)[0]
    model = job.model
    for number in (7, 8):
        (job.checkpoints / f"xgboost-checkpoint.{number}").unlink()
    [log] = run_all([job], tmp_path)
    assert (lines(whole), lines(log)) == ([5, 6, 7, 8], [7, 8])
    assert job.model == model


class _Harmful:
    """Leaves a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return exec, (f"open({str(self.marker)!r}, 'w').close()",)


@pytest.mark.parametrize("kind", ["plain", "archive"])
def test_a_pickle_is_refused_and_never_read(tmp_path, run_all, kind):
    marker = tmp_path / "unpickled"
    content = pickle.dumps(_Harmful(marker))
    pickle.loads(content)
    assert marker.exists()  # So its absence says something.
    marker.unlink()
    job = _job(tmp_path / "job", 3, **{kind: packed(content) if kind == "archive" else content})
    run_all([job], tmp_path)
    where = {"plain": "xgboost-model", "archive": "xgboost-model in model.tar.gz"}[kind]
    assert job.failure.startswith(f"DataError: {where} of channel model is not in XGBoost's UBJ or JSON")
    assert not marker.exists()


TRUNCATED = packed(bytes(random.Random(1).randbytes(200_000)))[:-50_000]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"archive": TRUNCATED}, "model.tar.gz is not a tar archive that can be read: Compressed file ended"),
        ({"archive": b"x" * 100}, "model.tar.gz is not a tar archive that can be read"),
        ({"archive": packed(b"{}", "other")}, "model.tar.gz holds no file xgboost-model"),
        ({"archive": packed(b"{}", "../xgboost-model")}, "model.tar.gz holds no file xgboost-model"),
        ({"readme": b"hello"}, "Channel model holds readme: expected xgboost-model or a model.tar.gz"),
        ({"plain": b"{"}, "xgboost-model of channel model is not whole"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, run_all, model, says):
    job = _job(tmp_path / "job", 3, **model)
    run_all([job], tmp_path)
    assert says in job.failure
    assert job.failure.startswith("DataError: ")


def test_a_model_of_other_features_or_another_objective_is_refused(tmp_path, first, run_all):
    narrow = _job(tmp_path / "narrow", 3, plain=first[0].model)
    narrow.channel("train", a__csv=b"1,2\n2,3\n").channel("validation", b__csv=b"1,2\n")
    other = _job(tmp_path / "other", 3, plain=first[0].model)
    other.hyperparameters["objective"] = "count:poisson"
    run_all([narrow, other], tmp_path)
    assert "The model of channel model takes 3 features, the rows of channel train have 1" in narrow.failure
    assert "was trained with objective reg:squarederror, this job has count:poisson" in other.failure


def test_a_linear_model_goes_on_unless_its_best_round_is_an_earlier_one(tmp_path, run_all):
    def linear(name, rounds, **model):
        job = _job(tmp_path / name, rounds, **model)
        del job.hyperparameters["subsample"], job.hyperparameters["max_depth"]
        job.hyperparameters |= {"booster": "gblinear", "early_stopping_rounds": "2", "eta": "0.5"}
        return job

    # Whether it goes on or resumes with nothing left to do, no round is left out.
    best_last = linear("best last", 3).spot()
    run_all([best_last], tmp_path)
    more = linear("more", 2, plain=best_last.model)
    [again, on] = run_all([best_last, more], tmp_path)
    assert "Saved xgboost-model with 3 rounds." in again
    assert "exit code 0" in on
    assert lines(on)[0] == 3

    # Validation rows that have nothing to do with the others get worse from the first round on.
    stopped = linear("stopped", 9).channel(
        "validation", b__csv=csv([[-row[0], *row[1:]] for row in rows(60)])
    )
    run_all([stopped], tmp_path)
    refused = linear("refused", 2, plain=stopped.model)
    run_all([refused], tmp_path)
    assert "its best round is 0 and its last one 2: a linear model cannot go back" in refused.failure


def test_the_trees_of_an_earlier_model_are_updated(tmp_path, first, run_all):
    update = {"process_type": "update", "updater": "refresh", "refresh_leaf": "1"}
    jobs = [_job(tmp_path / "job", 3, plain=first[0].model), _job(tmp_path / "alone", 3)]
    for job in jobs:
        job.spot().hyperparameters |= update
    log, _ = run_all(jobs, tmp_path)
    assert "Saved xgboost-model with 3 rounds." in log
    assert lines(log) == [0, 1, 2]
    assert jobs[0].numbers == []
    assert "process_type update changes an earlier model: give it in channel model" in jobs[1].failure
