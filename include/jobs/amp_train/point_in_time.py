"""No feature is from after what it predicts: the join that sees to it, and the checks that prove it.

The join takes each key's newest version at or before a time. The checks do not trust it, nor the store: one
looks at every version that is read, the other at every row that is left.
"""

import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from failure import JobError
from ranking_features import GROUPS

FOLDER = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/hour=(\d{2})/")


def as_of(wanted: pd.DataFrame, versions: pd.DataFrame) -> pd.DataFrame:
    """For each row of ``key, at`` its newest version with an event time at or before ``at``.

    Returns:
        A row for each, with its index: ``key, at, event_time`` and the features; null without a version.
    """
    left = wanted.reset_index(names="row").sort_values("at", kind="stable")
    right = versions.sort_values("event_time", kind="stable")
    joined = pd.merge_asof(left, right, left_on="at", right_on="event_time", by="key")
    return joined.set_index("row").reindex(wanted.index)


def check_versions(group: str, records: pd.DataFrame, name: str) -> None:
    """Each version was written after its time, and lies in the folder of its time.

    One whose event time is before that of its folder would be taken for what was known earlier, and be of a
    later window.

    Raises:
        JobError: names the group, the key and both times.
    """
    match = FOLDER.search(name)
    if match is None:
        raise JobError(
            f"{name} of feature group {group} is in no folder of an hour: year=/month=/day=/hour=."
        )
    folder = pd.Timestamp("{}-{}-{}T{}:00:00Z".format(*match.groups()))
    for wrong, sentence in (
        (
            records["event_time"].dt.floor("h") != folder,
            f"but lies among the versions of {folder.isoformat()}",
        ),
        (records["event_time"] > records["write_time"], "but was written before, at {write_time}"),
    ):
        if wrong.any():
            record = records[wrong].iloc[0]
            written = sentence.format(write_time=record["write_time"].isoformat())
            raise JobError(
                f"Feature group {group}: a version of {record['key']} says that it is of "
                f"{record['event_time'].isoformat()}, {written}. Values from after an event must not predict "
                f"it: delete {name} and have amp_batch_features write that day again."
            )


def check_rows(path: Path) -> int:
    """Looks at every row of a training set for a feature from after its hour; the number of values.

    Raises:
        JobError: names the group, the key and both times.
    """
    checked = 0
    keys = {group: _key_columns(key) for group, (key, _) in GROUPS.items()}
    for batch in pq.ParquetFile(path).iter_batches():
        rows = batch.to_pandas()
        for group, (_, features) in GROUPS.items():
            times = rows[f"{group}_event_time"]
            if (late := times > rows["hour"]).any():
                row = rows[late].iloc[0]
                key = ":".join(str(row[column]) for column in keys[group])
                raise JobError(
                    f"Feature group {group}: the features of {key} are of "
                    f"{row[f'{group}_event_time'].isoformat()}, after the event that they predict, at "
                    f"{row['hour'].isoformat()}."
                )
            checked += len(features) * int(times.notna().sum())
    return checked


def _key_columns(key: str) -> list[str]:
    """Columns of a training set that name a key; a user's topics are those of the show."""
    known = {"user_topic": ["user_id", "show_id"], "user_creator": ["user_id", "creator_id"]}
    return known.get(key, [key])
