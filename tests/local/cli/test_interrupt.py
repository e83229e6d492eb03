"""What `millrace interrupt` says when it cannot follow a job; test_spot.py has what it says when it can."""

import pytest
from botocore.stub import Stubber

from local.cli import interrupt
from local.cli.interrupt import interrupt_job
from local.stack.errors import MillraceError, NotRunningError
from tests.local.conftest import connect

NOWHERE = "http://127.0.0.1:9"
MISSING = {"service_error_code": "ValidationException", "service_message": "Requested resource not found."}


@pytest.fixture
def client():
    return connect(NOWHERE, "sagemaker")


def test_a_server_that_does_not_answer(client):
    with pytest.raises(NotRunningError, match="does not answer"):
        interrupt_job(NOWHERE, client, "spot", print)


def test_any_other_refusal_is_its_own_reason(client):
    with Stubber(client) as stub:
        stub.add_client_error("describe_training_job", "AccessDenied")
        with pytest.raises(MillraceError, match=r"describe spot: .*AccessDenied"):
            interrupt_job(NOWHERE, client, "spot", print)


def test_a_job_that_goes_away_while_it_is_watched(client, monkeypatch):
    monkeypatch.setattr(interrupt, "_request", lambda *_: None)
    with Stubber(client) as stub:
        stub.add_client_error("describe_training_job", **MISSING)
        stub.add_client_error("describe_training_job", **MISSING)
        with pytest.raises(MillraceError, match="spot is gone"):
            interrupt_job(NOWHERE, client, "spot", print)
