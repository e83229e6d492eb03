"""A lake of as many events as asked for, by DuckDB in seconds: the sample's shares, not its tastes.

``generate_lake.py EVENTS FIRST DAYS OUTPUT HELD_BACK``: DAYS days from FIRST in the layout of the lake below
OUTPUT. Of the last two complete days HELD_BACK gets the objects as they are once late events have come, a
hundredth of the rows more; OUTPUT has them without.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

TOPICS = [f"topic{number}" for number in range(24)]
SHARES = {
    "session": 0.45,
    "like": 0.12,
    "chat_message": 0.2,
    "poll_answer": 0.06,
    "follow": 0.05,
    "notification": 0.04,
    "call_in": 0.03,
    "co_host": 0.01,
    "show": 0.03,
    "user": 0.01,
}
EVENTS_PER_USER, EVENTS_PER_SHOW, SHOWS_PER_CREATOR = 100, 30, 20
LATE = 0.01
PAYLOAD = {
    "session": "user_id, show_id, creator_id, topics, minutes AS show_minutes, event_time AS started_at, "
    "CAST(-600 * ln(1 - u) AS BIGINT) AS seconds, 'ios' AS device",
    "like": "user_id, show_id, creator_id, topics",
    "chat_message": "user_id, show_id, creator_id, 20::BIGINT AS characters",
    "poll_answer": "user_id, show_id, creator_id, 'p1' AS poll_id, 1::BIGINT AS option",
    "follow": "user_id, creator_id, u < 0.8 AS following",
    "notification": "user_id, creator_id, u < 0.7 AS enabled",
    "call_in": "user_id, show_id, creator_id, 60::BIGINT AS seconds",
    "co_host": "user_id, show_id, creator_id",
    "show": "show_id, creator_id, 'Title' AS title, topics, event_time AS starts_at, minutes, "
    "CASE WHEN u < 0.4 THEN 'live' WHEN u < 0.7 THEN 'ended' ELSE 'scheduled' END AS status",
    "user": "user_id, topics",
}
DAY = """
SELECT event_id, '{table}' AS event_type, 1::BIGINT AS version, event_time, {payload}
FROM (
    SELECT uuid()::VARCHAR AS event_id, random() AS u,
        TIMESTAMPTZ '{day} 00:00:00+00' + to_milliseconds((random() * 86399999)::BIGINT) AS event_time,
        format('u{{:07d}}', (pow(random(), 2) * {users})::BIGINT) AS user_id,
        (pow(random(), 3) * {shows})::BIGINT AS number
    FROM range({rows})
) JOIN shows USING (number)
ORDER BY event_time, event_id
"""
SHOWS = """
CREATE TABLE shows AS SELECT range AS number, format('s{{:08d}}', range) AS show_id,
    format('c{{:06d}}', range % {creators}) AS creator_id, (15 + 15 * (range % 6))::BIGINT AS minutes,
    list_distinct([{topics}[1 + (range * 7) % 24], {topics}[1 + (range * 5) % 24],
        {topics}[1 + (range * 3) % 24]])[1:1 + (range % 3)] AS topics
FROM range({shows} + 1)
"""


def main(events: int, first: date, days: int, output: Path, held_back: Path) -> None:
    """Writes the tables, one object for each day."""
    users, shows = max(50, events // EVENTS_PER_USER), max(50, events // EVENTS_PER_SHOW)
    creators = max(5, shows // SHOWS_PER_CREATOR)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'; SET threads = 1; SELECT setseed(0.5)")
        database.execute(SHOWS.format(creators=creators, topics=TOPICS, shows=shows))
        for day in (first + timedelta(number) for number in range(days)):
            for table, share in SHARES.items():
                words = {
                    "table": table,
                    "day": day,
                    "payload": PAYLOAD[table],
                    "users": users,
                    "shows": shows,
                }
                rows = max(1, round(events * share / days))
                database.execute(f"CREATE OR REPLACE TEMP TABLE day AS {DAY.format(**words, rows=rows)}")
                name = Path(table) / f"day={day}" / "part-00000-of-00001.parquet"
                # The newest day is whole when it is first seen; late events are for those before it.
                late = first + timedelta(days - 4) < day < first + timedelta(days - 1)
                _write(database, output / name, f"WHERE hash(event_id) % 100 >= {100 * LATE}" if late else "")
                if late:
                    _write(database, held_back / name, "")


def _write(database: duckdb.DuckDBPyConnection, file: Path, condition: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = f"SELECT * FROM day {condition} ORDER BY event_time, event_id"
    database.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")


if __name__ == "__main__":
    main(int(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3]), *map(Path, sys.argv[4:]))
