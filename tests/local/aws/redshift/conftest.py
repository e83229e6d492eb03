from itertools import count

import pytest

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws
from tests.local.aws.redshift.warehouse import Lake, ParquetWriter, Warehouse, clients
from tests.stack import IMAGES

_numbers = count()


@pytest.fixture(scope="session")
def engine():
    """The Python of the engine, in the environment that the checkout's own stack uses."""
    store = ImageStore(IMAGES, ENGINES)
    return store.ensure(store.resolve("redshift")) / "bin" / "python"


@pytest.fixture(scope="session")
def parquet(engine, tmp_path_factory):
    writer = ParquetWriter(engine, tmp_path_factory.mktemp("parquet"))
    yield writer
    writer.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, engine):
    """Clients of a running server."""
    with LocalAws(home=tmp_path_factory.mktemp("aws"), images=IMAGES, port=0) as aws:
        yield clients(aws.endpoint_url)


@pytest.fixture
def warehouse(server):
    """A cluster of the test's own."""
    return created(server)


@pytest.fixture(scope="module")
def shared(server):
    """A cluster of the module."""
    return created(server)


@pytest.fixture
def lake(warehouse, parquet):
    """See `sessions`."""
    return sessions(warehouse, parquet)


def created(server):
    made = Warehouse(server, f"warehouse-{next(_numbers)}")
    made.create()
    return made


def sessions(warehouse, parquet):
    """Two days of sessions, the second with a column that the first lacks, as schema ``lake``."""
    made = Lake(warehouse, parquet, f"lake{next(_numbers)}")
    made.put(
        "session/day=2026-01-01/part-0.parquet",
        "SELECT 'u1' AS user_id, 10::bigint AS seconds, timestamptz '2026-01-01 10:00:00Z' AS started_at",
    )
    made.put(
        "session/day=2026-01-02/part-0.parquet",
        "SELECT * FROM (VALUES ('u1', 20::bigint, timestamptz '2026-01-02 10:00:00Z', 1.5::double),"
        " ('u2', 30::bigint, NULL, NULL)) AS t(user_id, seconds, started_at, score)",
    )
    made.table(
        "session",
        {"user_id": "string", "seconds": "bigint", "started_at": "timestamp", "score": "double"},
    )
    made.partition("session", "2026-01-01", "2026-01-02")
    made.attach("lake")
    return made
