"""A local AWS inside the test process, provisioned from the same template as every other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.settings import settings
from local.aws.server import LocalAws
from local.stack import environment, redis_secret
from local.stack.config import Ports, StackConfig
from local.stack.infrastructure import provision


@contextmanager
def provisioned(home: Path, images: Path, *, redis_url: str = "") -> Iterator[LocalAws]:
    """The server; settings and boto3 point at it inside. With the URL of a Redis it has that as a secret."""
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalAws(home=home / "state", images=images, port=0) as server,
    ):
        port = int(server.endpoint_url.rsplit(":", 1)[1])
        config = StackConfig(home=home, ports=Ports(aws=port))
        outputs = provision(config, redis_secret=redis_secret.put(config, redis_url) if redis_url else "")
        patch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        for name, value in environment.millrace(config, outputs).items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield server
    settings.cache_clear()
