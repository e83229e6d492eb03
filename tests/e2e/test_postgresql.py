"""The same pipeline with Airflow's metadata in PostgreSQL, as in production."""

import pytest

from tests import database
from tests.stack import SAMPLE, running


@pytest.fixture
def on_postgresql(tmp_path):
    """A stack of its own, whose database is gone afterwards."""
    with database.made("e2e") as url:
        if url is None:
            pytest.skip(f"no PostgreSQL server answers at {database.SERVER}")
        with running(tmp_path / "home", database_url=url) as made:
            yield made


@pytest.mark.slow
def test_abalone_runs_on_postgresql(on_postgresql):
    run = on_postgresql.run("abalone", "--input", str(SAMPLE))
    assert run["state"] == "success"
    assert run["metrics"]["rows_in"] > 0
    assert 0 < run["prediction"]["predicted"] < 60
    assert not (on_postgresql.home / "airflow" / "airflow.db").exists(), "it ran on SQLite"
