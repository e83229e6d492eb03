"""Named assets: what a pipeline leaves that another may wait for, and what arrives for it."""

from airflow.sdk import Asset, AssetWatcher

from include.uploads import ASSET_PREFIX
from millrace.triggers.uploads import UploadsTrigger

ABALONE_MODEL = Asset(name="abalone_model", uri="x-millrace://model/abalone", group="models")
AMP_FEATURES = Asset(name="amp_features", uri="x-millrace://features/amp", group="features")
AMP_LAKE = Asset(name="amp_lake", uri="x-millrace://lake/amp", group="lakes")
AMP_MODEL = Asset(name="amp_model", uri="x-millrace://model/amp_train", group="models")
XGOALS_MODEL = Asset(name="xgoals_model", uri="x-millrace://model/xgoals", group="models")


def uploads(dag_id: str, suffix: str | None = None) -> Asset:
    """What arrives under ``<tenant>/uploads/<dag_id>/``, for ``schedule=[uploads("training_workflow")]``.

    A burst of uploads starts one run, whose ``Run.uploads`` names them. ``suffix``, such as
    ``".csv"``, leaves out what has another.
    """
    trigger = UploadsTrigger(dag_id, suffix)
    return Asset(
        name=f"{ASSET_PREFIX}{dag_id}",
        uri=f"x-millrace://uploads/{dag_id}",
        group="uploads",
        watchers=[AssetWatcher(name=f"uploads_{dag_id}", trigger=trigger)],
    )
