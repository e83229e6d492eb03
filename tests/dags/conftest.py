from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(scope="session")
def bag():
    return DagBag(DAGS, bundle_path=DAGS, bundle_name="dags")
