import pytest

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws
from tests.local.aws.redshift.warehouse import Lake, ParquetWriter, Warehouse, clients
from tests.stack import IMAGES


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """An empty lake, which is the external schema ``amp`` of a cluster."""
    store = ImageStore(IMAGES, ENGINES)
    python = store.ensure(store.resolve("redshift")) / "bin" / "python"
    with LocalAws(home=tmp_path_factory.mktemp("aws"), images=IMAGES, port=0) as aws:
        warehouse = Warehouse(clients(aws.endpoint_url))
        warehouse.create()
        parquet = ParquetWriter(python, tmp_path_factory.mktemp("parquet"))
        made = Lake(warehouse, parquet, "tables")
        made.attach("amp")
        yield made
        parquet.close()
