"""What is counted of each user, on a lake of a few rows."""

import subprocess

import pytest

from tests.include.jobs.conftest import interpreter
from tests.include.jobs.speech.in_image import RaisedError

MAKE = """
import sys; from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
def write(table, part=0, **columns):
    folder = Path(sys.argv[1], table, "day=2026-03-01"); folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / f"part-0000{part}-of-00002.parquet")
write("session", user_id=["a", "a", "b"], seconds=[59, 60, 0])
write("session", 1, user_id=["a", "c"], seconds=[100, None])
write("like", user_id=["b", "d"])
write("follow", user_id=["a", "a", "b"], following=[True, False, True])
write("notification", user_id=["a", "b"], enabled=[False, True])
Path(sys.argv[1], "call_in").mkdir()
write("chat_message", user_id=["a"] * 3)
Path(sys.argv[1], "broken").mkdir()
folder = Path(sys.argv[1], "broken", "session", "day=2026-03-01"); folder.mkdir(parents=True)
pq.write_table(pa.table({"user_id": ["a"]}), folder / "part-00000-of-00001.parquet")
"""
COUNTS = "json.loads(lake_counts.Lake(lake).counts(datetime.date(2026, 3, day)).to_json(orient='index'))"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    subprocess.run([interpreter("sklearn"), "-c", MAKE, folder], check=True)
    return folder


def test_counts_are_sums_over_all_files_and_tables(image, lake):
    found = image(COUNTS, lake=lake, day=1)
    nonzero = {user: {name: n for name, n in each.items() if n} for user, each in found.items()}
    assert nonzero == {
        "a": {
            "sessions": 3, "seconds": 219, "short_sessions": 1, "follows": 1, "unfollows": 1,
            "notifications_off": 1, "chat_messages": 3,
        },
        "b": {"sessions": 1, "short_sessions": 1, "likes": 1, "follows": 1, "notifications_on": 1},
        "c": {"sessions": 1},
        "d": {"likes": 1},
    }  # fmt: skip


def test_a_day_without_events_counts_nobody(image, lake):
    assert image(COUNTS, lake=lake, day=2) == {}


def test_a_column_that_is_missing_is_named(image, lake):
    with pytest.raises(RaisedError, match=r"broken/session/day=.*/part-0.* lacks a column .*seconds"):
        image(COUNTS, lake=lake / "broken", day=1)
