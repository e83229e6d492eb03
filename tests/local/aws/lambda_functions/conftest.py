import pytest

from local.aws.server import LocalAws
from tests.local.aws.lambda_functions.account import Account


@pytest.fixture(scope="module")
def server(tmp_path_factory, function_images):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MILLRACE_LAMBDA_MINUTE", "0.2")
        with LocalAws(home=tmp_path_factory.mktemp("aws"), images=function_images, port=0) as aws:
            yield aws


@pytest.fixture(scope="module")
def account(server):
    made = Account(server.endpoint_url)
    made.role()
    return made
