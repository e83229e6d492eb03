import threading
from itertools import count

import pytest

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws
from local.aws.services.glue import objects
from tests.local.aws.glue.lake import Lake, ParquetWriter

_numbers = count()


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """For all modules: the engine's environment has a library for Parquet."""
    return tmp_path_factory.mktemp("catalog-images")


@pytest.fixture(scope="session")
def parquet(images):
    store = ImageStore(images, ENGINES)
    writer = ParquetWriter(store.ensure(store.resolve("catalog")) / "bin" / "python")
    yield writer
    writer.close()


@pytest.fixture(scope="module")
def role(server, parquet):
    Lake(server.endpoint_url, parquet, "roles", "roles").role()


@pytest.fixture
def lake(server, parquet, role):
    """A bucket and a database of the test's own; crawlers are named by it."""
    number = next(_numbers)
    return Lake(server.endpoint_url, parquet, f"curated-{number}", f"lake{number}")


@pytest.fixture
def hold(monkeypatch):
    """Crawls stop at their first look at S3, until they are let go or the server stops."""
    go, listing = threading.Event(), objects.found

    def waiting(client, target):
        while not go.wait(0.02) and not LocalAws._running.stopping.is_set():
            pass
        yield from listing(client, target)

    monkeypatch.setattr(objects, "found", waiting)
    yield go
    go.set()
