from pathlib import Path

import pytest

from local.aws.server import LocalAws
from tests.local.aws.transcribe.account import Account

ENGINES = Path(__file__).parents[1] / "engines"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def server(tmp_path_factory, images):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MILLRACE_ENGINE_SOURCES", str(ENGINES))
        with LocalAws(home=tmp_path_factory.mktemp("aws"), images=images, port=0) as aws:
            yield aws


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()
