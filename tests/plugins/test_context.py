"""What a run knows of its beginning."""

from datetime import UTC, datetime
from types import SimpleNamespace

from airflow.sdk import Asset
from airflow.sdk.api.datamodels._generated import AssetEventDagRunReference
from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor

from include.uploads import Upload
from millrace.assets import ABALONE_MODEL, uploads
from millrace.context import run_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def told_of(*events):
    """The context of a task whose run these asset events have started, as Airflow builds it."""
    references = [
        AssetEventDagRunReferenceResult.from_asset_event_dag_run_reference(
            AssetEventDagRunReference.model_validate(
                {
                    "asset": {"name": asset.name, "uri": asset.uri, "extra": {}},
                    "extra": extra,
                    "source_task_id": None,
                    "source_dag_id": None,
                    "source_run_id": None,
                    "source_map_index": None,
                    "source_aliases": [],
                    "timestamp": NOON,
                }
            )
        )
        for asset, extra in events
    ]
    dag_run = SimpleNamespace(dag_id="demo", run_id="r", run_after=NOON)
    accessor = TriggeringAssetEventsAccessor.build(references)
    return {"dag_run": dag_run, "params": {}, "triggering_asset_events": accessor}


def burst(*keys, second=0):
    time = f"2026-01-01T00:00:0{second}Z"
    objects = [
        Upload("b", key, 1, "e", f"v{number}", time, f"{number:016X}").payload()
        for number, key in enumerate(keys)
    ]
    return {"from_trigger": True, "payload": {"objects": objects}}


def test_a_run_knows_the_uploads_that_started_it():
    context = told_of((uploads("demo"), burst("x", "a")))
    assert run_of(context).upload_uris == ("s3://b/x", "s3://b/a")


def test_several_bursts_are_one_list_in_order_of_arrival_without_duplicates():
    late, early = burst("c", "a", second=2), burst("b", "a", second=1)
    context = told_of((uploads("demo"), late), (uploads("demo"), early), (uploads("other"), late))
    assert run_of(context).upload_uris == ("s3://b/b", "s3://b/a", "s3://b/c")


def test_other_assets_bring_no_uploads():
    """A model that was trained, an event of the REST API, and a watcher of another kind."""
    context = told_of(
        (ABALONE_MODEL, {}),
        (Asset("a"), {"payload": "text"}),
        (Asset("b"), {"from_trigger": True, "payload": {"message": 1}}),
    )
    assert run_of(context).uploads == ()


def test_a_run_that_nothing_told_has_none():
    context = told_of()
    assert run_of(context).uploads == ()
    del context["triggering_asset_events"]
    assert run_of(context).uploads == ()


def test_a_run_knows_its_partition():
    context = told_of()
    assert run_of(context).partition_key is None
    assert run_of({**context, "partition_key": "2026-01-01"}).partition_key == "2026-01-01"
