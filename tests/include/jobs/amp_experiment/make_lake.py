"""A lake of the sample world as amp_lake would leave it: ``python make_lake.py FOLDER EVENTS DAYS UNTIL``.

Runs in the image of the jobs. Each event is in the day in which it happened, once.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from events import DAY
from listening import activity
from population import creators, users
from world import World

COLUMNS = {"session": ("seconds",), "follow": ("following",), "notification": ("enabled",)}
TABLES = ("session", "like", "follow", "notification", "call_in", "co_host", "poll_answer", "chat_message")


def written(lake: Path, world: World) -> None:
    makers = creators(world)
    folk = users(world, makers, world.days - 1)
    for index in range(world.days):
        for events in activity(world, makers, folk, index):
            if events.kind not in TABLES:
                continue
            here = events.take(np.flatnonzero(events.time // DAY == index))
            names = pa.array([f"u{number:07d}" for number in here.payload["user_id"]], pa.string())
            values = {name: here.payload[name] for name in COLUMNS.get(events.kind, ())}
            folder = lake / events.kind / f"day={world.day(index)}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"user_id": names, **values}), folder / "part-00000-of-00001.parquet")


if __name__ == "__main__":
    folder, events, days, until = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    first_day = date.fromisoformat(until) - timedelta(days=days)
    written(folder / "lake", World(42, events, days, first_day))
    (folder / "raw").mkdir()
    (folder / "raw" / "world.json").write_text("{}")
