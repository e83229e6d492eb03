"""What a restart of the server leaves."""

from local.aws.server import LocalAws
from tests.local.aws.emr_containers.account import Account, until
from tests.local.aws.emr_containers.conftest import PYSCRIPT, SOURCES


def test_what_ran_or_waited_has_failed(tmp_path, images, monkeypatch):
    monkeypatch.setenv("MILLRACE_IMAGE_SOURCES", str(SOURCES))
    monkeypatch.setenv("MILLRACE_JOBS_AT_A_TIME", "1")
    folders = {"home": tmp_path / "aws", "images": images}
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url, PYSCRIPT).furnish()
        done = account.ended(account.start("done"))
        cut = account.start("cut", "import time; time.sleep(60)")
        waits = account.start("waits")
        until(lambda: account.describe(cut)["state"], lambda state: state == "RUNNING")
        assert account.describe(waits)["state"] == "PENDING"
        cluster = account.cluster
    with LocalAws(**folders, port=0) as aws:
        account = Account(aws.endpoint_url, PYSCRIPT)
        account.cluster = cluster
        for id_ in (cut, waits):
            job = account.ended(id_)
            assert (job["state"], job["failureReason"]) == ("FAILED", "INTERNAL_ERROR")
            assert job["stateDetails"].startswith("The local AWS stopped")
        assert account.describe(done["id"]) == done
        assert account.ended(account.start("after"))["state"] == "COMPLETED"
        # What was started before the restart is still known by its token.
        assert account.start("cut", "import time; time.sleep(60)") == cut
