import pytest

from local.aws.server import LocalAws
from tests.local.aws.a2i.account import ReviewAccount


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a2i")
    with LocalAws(home=folder / "aws", images=folder / "images") as aws:
        yield aws


@pytest.fixture(scope="module")
def account(server):
    return ReviewAccount(server.endpoint_url).furnish()


@pytest.fixture
def name(request):
    """A name for what this test makes: the test's own, as the services want names."""
    plain = "".join(c if c.isalnum() else "-" for c in request.node.name.removeprefix("test_").lower())
    return plain[:50].strip("-").replace("--", "-")
