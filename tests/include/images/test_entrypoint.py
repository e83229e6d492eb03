"""What runs first in every image."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from include.images.entrypoint import environment, paths, program, serving, source, training

IMAGES = Path(environment.__file__).parents[1]


@pytest.fixture
def base(tmp_path, monkeypatch):
    root = tmp_path / "opt" / "ml"
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(root))
    (root / "input" / "config").mkdir(parents=True)
    return root


def _config(base, **files):
    for name, content in files.items():
        (base / "input" / "config" / f"{name}.json").write_text(json.dumps(content))


def test_the_environment_of_a_training_job(base):
    _config(
        base,
        hyperparameters={
            "num-round": "10",
            "eta": "0.1",
            "name": '"x y"',
            "flag": "true",
            "sagemaker_program": '"t.py"',
        },
        inputdataconfig={"train": {}, "my-channel": {}},
        resourceconfig={"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]},
    )
    found = environment.training_environment()
    assert found["SM_CHANNEL_TRAIN"] == f"{base}/input/data/train"
    assert found["SM_CHANNEL_MY_CHANNEL"] == f"{base}/input/data/my-channel"
    assert json.loads(found["SM_CHANNELS"]) == ["my-channel", "train"]
    assert json.loads(found["SM_HPS"]) == {"num-round": 10, "eta": 0.1, "name": "x y", "flag": True}
    assert (found["SM_HP_NUM_ROUND"], found["SM_HP_NAME"]) == ("10", "x y")
    assert "SM_HP_SAGEMAKER_PROGRAM" not in found
    assert (found["SM_MODEL_DIR"], found["SM_OUTPUT_DATA_DIR"]) == (f"{base}/model", f"{base}/output/data")
    assert (found["SM_CURRENT_HOST"], json.loads(found["SM_HOSTS"])) == ("algo-2", ["algo-1", "algo-2"])
    assert int(found["SM_NUM_CPUS"]) == os.cpu_count()
    assert int(found["SM_NUM_GPUS"]) >= 0
    assert all(isinstance(value, str) for value in found.values())


def test_what_a_tuning_job_tells_is_for_an_algorithm_and_not_for_a_script(base):
    told = {"eta": "0.1", "_tuning_objective_metric": "validation:rmse"}
    _config(base, hyperparameters={**told, "sagemaker_region": "eu-west-1"})
    given = []
    assert training.main(given.append) == 0
    assert given == [told]
    assert json.loads(environment.training_environment()["SM_HPS"]) == {"eta": 0.1}


def test_hyperparameters_become_arguments():
    values = environment.decode({"num_round": "10", "e": "0.5", "who": "plain text", "list": "[1, 2]"})
    assert environment.arguments(values) == [
        *("-e", "0.5"),
        *("--list", "[1, 2]"),
        *("--num_round", "10"),
        *("--who", "plain text"),
    ]


def test_a_program_that_fails_leaves_its_exception(base, tmp_path, capfd):
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nraise ValueError('label ' + 'x' * 5000)")
    assert program.run(script, ["--a", "1"], {}) == 1
    reason = (base / "output" / "failure").read_text()
    assert reason.startswith("ExecuteUserScriptError: train.py: ValueError: label x")
    assert len(reason) == 1024
    assert "['--a', '1']" in capfd.readouterr().out


def test_a_program_that_is_not_there(base, tmp_path):
    (tmp_path / "other.py").touch()
    assert program.run(tmp_path / "train.py", [], {}) == 1
    assert "it holds" in (base / "output" / "failure").read_text()
    assert "other.py" in (base / "output" / "failure").read_text()


def test_sigterm_reaches_the_program(base, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )
    code = (
        "import pathlib, sys; from entrypoint import program; "
        f"sys.exit(program.run(pathlib.Path({str(script)!r}), [], {{}}))"
    )
    environ = {**os.environ, "PYTHONPATH": str(IMAGES)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.wait(10) == 9


def test_a_reason_is_bounded(base):
    paths.write_failure("x" * 2000)
    assert len((base / "output" / "failure").read_text()) == 1024


def test_the_program_s_own_reason_is_kept(base):
    (base / "output").mkdir(parents=True, exist_ok=True)
    (base / "output" / "failure").write_text("the program's own words")
    paths.write_failure("exit code 1")
    assert (base / "output" / "failure").read_text() == "the program's own words"


def _archive(path, name):
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    return path


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped-by-millrace-test", "a/../../escaped"])
def test_archives_cannot_leave_their_folder(tmp_path, name):
    target = tmp_path / "code"
    if name.startswith("/"):
        source.extract(_archive(tmp_path / "a.tar.gz", name), target)
        assert not Path(name).exists()
    else:
        with pytest.raises(tarfile.FilterError):
            source.extract(_archive(tmp_path / "a.tar.gz", name), target)
    assert not (tmp_path / "escaped").exists()


def test_a_source_is_an_archive_in_s3_or_a_folder(tmp_path):
    assert source.fetch(str(tmp_path), tmp_path / "x") == tmp_path
    with pytest.raises(ValueError, match="give an s3://"):
        source.fetch("/no/such/folder", tmp_path / "x")


def _client(base, **functions):
    defaults = {
        "model_fn": lambda folder: "model",
        "input_fn": lambda body, kind: body,
        "predict_fn": lambda data, model: data,
        "output_fn": lambda prediction, accept: prediction,
    }
    return serving.application(serving.Functions(**{**defaults, **functions})).test_client()


def test_ping_and_binary_bodies(base):
    client = _client(base)
    assert client.get("/ping").status_code == 200
    for kind in ("image/png", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = client.post(
            "/invocations", data=b"\x00\xff=&", content_type=kind, headers={"Accept": "image/png"}
        )
        assert (answer.status_code, answer.data, answer.content_type) == (200, b"\x00\xff=&", "image/png")


def _raise(error):
    def function(*_):
        raise error

    return function


@pytest.mark.parametrize(
    ("name", "error", "status", "says"),
    [
        ("input_fn", ValueError("no rows"), 400, b"no rows\n"),
        ("input_fn", serving.UnsupportedTypeError("send text/csv"), 415, b"send text/csv\n"),
        ("predict_fn", serving.BadInputError("too wide"), 400, b"too wide\n"),
        ("output_fn", serving.UnsupportedTypeError("ask for text/csv"), 406, b"ask for text/csv\n"),
    ],
)
def test_the_callers_mistakes_are_told_to_the_caller(base, name, error, status, says):
    answer = _client(base, **{name: _raise(error)}).post("/invocations", data=b"x")
    assert (answer.status_code, answer.data) == (status, says)


@pytest.mark.parametrize("name", ["input_fn", "predict_fn", "output_fn"])
def test_the_models_mistakes_are_not(base, name):
    answer = _client(base, **{name: _raise(RuntimeError("secret path /home/x"))}).post(
        "/invocations", data=b"x"
    )
    assert (answer.status_code, answer.data) == (
        500,
        b"The model failed on this request; the log has the reason.\n",
    )


@pytest.mark.parametrize(("megabytes", "status"), [(None, 413), ("0", 413), ("1", 200)])
def test_a_batch_transform_may_send_more_than_an_endpoint_takes(base, monkeypatch, megabytes, status):
    monkeypatch.setattr(serving, "MAX_BODY", 10)
    if megabytes:
        monkeypatch.setenv("SAGEMAKER_MAX_PAYLOAD_IN_MB", megabytes)
    assert _client(base).post("/invocations", data=b"x" * 11).status_code == status


def test_a_script_replaces_the_functions_that_it_defines(base, monkeypatch):
    code = base / "model" / "code"
    code.mkdir(parents=True)
    (code / "mine.py").write_text("def predict_fn(data, model):\n    return data[::-1]\n")
    monkeypatch.setenv("SAGEMAKER_PROGRAM", "mine.py")
    monkeypatch.setattr(sys, "path", list(sys.path))
    defaults = serving.Functions(lambda f: None, lambda b, t: b, lambda d, m: d, lambda p, a: p)
    chosen = serving.functions(defaults)
    assert chosen.predict_fn(b"abc", None) == b"cba"
    assert chosen.input_fn is defaults.input_fn
    with pytest.raises(ValueError, match="model_fn is missing: define it in"):
        serving.functions(None)
