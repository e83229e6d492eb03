from pathlib import Path

import pytest

from tests.local.aws.transcribe.account import Account

ENGINES = Path(__file__).parents[1] / "engines"


@pytest.fixture(scope="module")
def variables():
    return {"MILLRACE_ENGINE_SOURCES": ENGINES}


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()
