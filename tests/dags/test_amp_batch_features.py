"""The shape of the daily features: what the runs of a backfill share."""

from pathlib import Path

import pytest
import yaml

SETTINGS = Path(__file__).parents[2] / "airflow_settings.yaml"


@pytest.mark.parametrize("task_id", ["build_lake", "build_partials", "roll_up"])
def test_who_writes_or_reads_what_all_runs_share_takes_turns(bag, task_id):
    """A backfill has runs beside each other, whatever the DAG's own bound is."""
    assert bag.dags["amp_batch_features"].get_task(task_id).pool == "lake"


def test_turns_last_until_the_job_is_over():
    pools = {pool["pool_name"]: pool for pool in yaml.safe_load(SETTINGS.read_text())["airflow"]["pools"]}
    assert (pools["lake"]["pool_slot"], pools["lake"]["pool_include_deferred"]) == (1, True)
