"""Versions of features, from the files that the feature store keeps.

``<data>/year=YYYY/month=MM/day=DD/hour=HH/*.parquet``, by the hour of the event time. Beside the features a
record has ``write_time``, ``api_invocation_time`` and ``is_deleted``; one that was written again is there
again. https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from failure import JobError
from object_files import Files, client
from point_in_time import check_versions

EVENT_TIME, WRITE_TIME, IS_DELETED = "event_time", "write_time", "is_deleted"


def data_of(group: str) -> str:
    """Where the data of a feature group stands; a URI or a path is one already.

    Raises:
        JobError: there is no such group, or it has no offline store.
    """
    if "/" in group:
        return group
    sagemaker = client("sagemaker")
    try:
        found = sagemaker.describe_feature_group(FeatureGroupName=group)
    except sagemaker.exceptions.ResourceNotFound:
        raise JobError(f"There is no feature group {group}: run amp_batch_features first.") from None
    store = found.get("OfflineStoreConfig", {}).get("S3StorageConfig", {})
    if not (uri := store.get("ResolvedOutputS3Uri")):
        raise JobError(f"Feature group {group} has no offline store: make it anew with one.")
    return str(uri)


class OfflineStore:
    """The versions of one group.

    Args:
        group: its short name, for messages.
        data: where its data stands.
        key: the column that identifies a record.
        features: the columns to read.
    """

    def __init__(self, group: str, data: str, key: str, features: tuple[str, ...]) -> None:
        self.group, self.key, self.features = group, key, features
        self._files = Files(data)

    def versions(self, keys: NDArray[np.object_], day: date, days_back: int) -> pd.DataFrame:
        """What is known of these keys on a day: ``key, event_time`` and the features.

        A key that has no version at the day's beginning is looked for on the days before, so many at most.
        Of what was written twice the last writing counts; what was deleted is null.

        Raises:
            JobError: a version says something of itself that cannot be, see `check_versions`.
        """
        wanted, found = pd.Index(keys), []
        start = pd.Timestamp(day, tz="UTC")
        for back in range(days_back + 1):
            records = self._of_day(wanted, day - timedelta(days=back))
            found.append(records)
            wanted = wanted.difference(pd.Index(records.loc[records[EVENT_TIME] <= start, "key"]))
            if wanted.empty:
                break
        return self._newest(pd.concat(found, ignore_index=True))

    def _newest(self, records: pd.DataFrame) -> pd.DataFrame:
        ordered = records.sort_values(["key", EVENT_TIME, WRITE_TIME], kind="stable")
        newest = ordered.drop_duplicates(["key", EVENT_TIME], keep="last").reset_index(drop=True)
        deleted = newest[IS_DELETED].eq(True)  # null is not deleted
        newest.loc[deleted, [*self.features]] = float("nan")
        return newest[["key", EVENT_TIME, *self.features]]

    def _of_day(self, keys: "pd.Index[str]", day: date) -> pd.DataFrame:
        folder = f"year={day:%Y}/month={day:%m}/day={day:%d}"
        parts = [self._of_file(name, keys) for name in self._files.names(folder)]
        columns = ["key", EVENT_TIME, WRITE_TIME, IS_DELETED, *self.features]
        return pd.concat([self._empty(columns), *parts], ignore_index=True) if parts else self._empty(columns)

    def _of_file(self, name: str, keys: "pd.Index[str]") -> pd.DataFrame:
        columns = [self.key, EVENT_TIME, WRITE_TIME, IS_DELETED, *self.features]
        wanted = pa.array(keys, pa.string())
        parts = []
        with self._files.file(name) as path:
            if missing := sorted({*columns} - {*pq.read_schema(path).names}):
                raise JobError(
                    f"{self._files.root}/{name} of feature group {self.group} lacks {missing[0]!r}."
                )
            for batch in pq.ParquetFile(path).iter_batches(columns=columns):
                # Rows of other keys need no memory.
                chosen = batch.filter(pc.is_in(batch[self.key].cast(pa.string()), wanted))
                parts.append(chosen.to_pandas().rename(columns={self.key: "key"}))
        if not parts:
            return self._empty(["key", *columns[1:]])
        records = pd.concat(parts, ignore_index=True)
        records[EVENT_TIME] = _utc(records[EVENT_TIME])
        records[WRITE_TIME] = _utc(records[WRITE_TIME])
        records[[*self.features]] = records[[*self.features]].astype("float64")
        check_versions(self.group, records, name)
        return records

    @staticmethod
    def _empty(columns: list[str]) -> pd.DataFrame:
        empty = pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
        times = dict.fromkeys((EVENT_TIME, WRITE_TIME), "datetime64[us, UTC]")
        return empty.astype({"key": object, IS_DELETED: object, **times})


def _utc(times: "pd.Series[object]") -> "pd.Series[pd.Timestamp]":
    """Times, or text in ISO 8601, as times in UTC."""
    if isinstance(times.dtype, pd.DatetimeTZDtype) or times.dtype.kind == "M":
        return pd.to_datetime(times, utc=True).astype("datetime64[us, UTC]")
    return pd.to_datetime(times, utc=True, format="ISO8601").astype("datetime64[us, UTC]")
