"""What a restart of the server leaves and what it takes up again."""

import httpx
import pytest

from local.aws.server import LocalAws
from tests.local.aws.transcribe.account import HELLO, Account, until
from tests.local.aws.transcribe.conftest import ENGINES
from tests.local.aws.transcribe.test_transcription import _alive


@pytest.fixture
def folders(tmp_path, images, monkeypatch):
    monkeypatch.setenv("MILLRACE_ENGINE_SOURCES", str(ENGINES))
    monkeypatch.setenv("MILLRACE_TRANSCRIPTIONS_AT_A_TIME", "1")
    return {"home": tmp_path / "aws", "images": images}


def test_what_ran_has_failed_and_what_waited_runs(folders, tmp_path):
    file = tmp_path / "pid"
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url).furnish()
        account.vocabulary("words", Phrases=["x"])
        account.transcribe.create_language_model(**account.model_request("model"))
        account.trained("model")
        account.start("done", OutputBucketName=None)
        account.transcribed("done")
        account.start("cut", {"hang": str(file)})
        pid = int(until(lambda: file.exists() and file.read_text(), bool))
        settings = {"VocabularyName": "words"}
        model = {"LanguageModelName": "model"}
        asked = tmp_path / "asked"
        said = {"items": HELLO, "asked": str(asked)}
        account.start("waits", said, Settings=settings, ModelSettings=model)
    assert not _alive(pid)
    assert not list((folders["home"] / "jobs" / "transcribe").iterdir())
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url)
        job = account.transcribed("cut")
        assert job["TranscriptionJobStatus"] == "FAILED"
        assert job["FailureReason"].startswith("InternalFailure: the local AWS stopped while this ran")
        assert account.transcribed("waits")["TranscriptionJobStatus"] == "COMPLETED"
        assert '"phrase": "x"' in asked.read_text()
        uri = account.transcribed("done")["Transcript"]["TranscriptFileUri"]
        assert httpx.get(uri).json()["jobName"] == "done"
        assert account.processed("words")["VocabularyState"] == "READY"
        assert account.trained("model")["ModelStatus"] == "COMPLETED"


def test_a_training_that_was_cut_short_has_failed(folders):
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url).furnish()
        account.transcribe.create_language_model(**account.model_request("cut", "hang"))
    with LocalAws(**folders, port=0) as aws:
        model = Account(aws.endpoint_url).trained("cut")
        assert (model["ModelStatus"], "Start it again" in model["FailureReason"]) == ("FAILED", True)
