"""### Amp: what did listeners do?

Listeners' and creators' events, as they arrive, become tables of days: each event once, late ones in their
own day, new fields as new columns.

**Takes** gzipped JSON Lines under `<tenant>/amp/events/YYYY/MM/DD/HH/` of the raw bucket, by the hour of
arrival (UTC): those that no former run has taken.

**Leaves** Parquet under `<tenant>/amp/<table>/day=YYYY-MM-DD/` of the curated bucket; lines that are no
event in the table `rejected`, with object, line and reason; tables, columns and partitions in the Data
Catalog. Under this run's own prefix its numbers and Data Docs. Days older than `retention_days` go.

**If it fails:** the task's log begins with the reason. Clear the failed task: a build takes what is new
once more and adds only what the lake does not have. After a failed check the events are in the lake
already: the sentence says what is wrong with them. Set `again` to have every object of the raw bucket
looked at.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from include.pipelines import amp_lake as spec
from millrace.assets import AMP_LAKE
from millrace.defaults import DEFAULT_ARGS
from millrace.lake import lake_params, update_lake
from millrace.params import instance_type

PARAMS = {**lake_params(), "instance_type": instance_type("ml.m5.xlarge", "What the check runs on.")}


@dag(
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "events", "lake", "spark", "emr"],
    doc_md=__doc__,
)
def amp_lake() -> None:
    """Builds, checks what was built, and catalogs it."""
    update_lake(spec, AMP_LAKE)


amp_lake()
