"""A local AWS in this process, and the configuration of a stack on it."""

import pytest

from local.aws.server import LocalAws
from local.stack.config import Ports, StackConfig


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    home = tmp_path_factory.mktemp("stack")
    with LocalAws(home=home / "aws", images=home / "images", port=0) as aws:
        yield StackConfig(home=home, ports=Ports(aws=int(aws.endpoint_url.rpartition(":")[2])))
