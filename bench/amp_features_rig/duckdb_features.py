"""The same 21 features by DuckDB, straight from the lake's Parquet: no partials, nothing kept between days.

``duckdb_features.py LAKE DAY OUTPUT``: OUTPUT gets one Parquet file for each group. Prints the seconds.
"""

import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

TABLES = (
    *("user", "show", "session", "like", "follow", "notification"),
    *("call_in", "co_host", "poll_answer", "chat_message"),
)
ACTIVITIES = (
    "session",
    "like",
    "follow",
    "notification",
    "call_in",
    "co_host",
    "poll_answer",
    "chat_message",
)

VIEWS = """
CREATE TEMP TABLE likes AS SELECT DISTINCT user_id, show_id, creator_id, topics FROM "like" WHERE {inside};
CREATE TEMP TABLE sessions AS
    SELECT user_id, show_id, creator_id, topics, show_minutes, seconds, day,
        pow(2, -date_diff('day', day, DATE '{last}') / 14.0) AS weight
    FROM session WHERE {inside};
CREATE TEMP TABLE profiles AS
    SELECT user_id, arg_max(topics, (event_time, event_id)) topics FROM "user" WHERE day < '{day}'
    GROUP BY ALL;
CREATE TEMP TABLE follows AS
    SELECT user_id, creator_id FROM follow WHERE day < '{day}' GROUP BY ALL
    HAVING arg_max(following, (event_time, event_id));
CREATE TEMP TABLE notifications AS
    SELECT user_id, creator_id FROM notification WHERE day < '{day}' GROUP BY ALL
    HAVING arg_max(enabled, (event_time, event_id));
CREATE TEMP TABLE active AS {active};
"""

USER = """
SELECT user_id, coalesce(seconds, 0) / 60 listening_minutes, coalesce(sessions, 0) sessions,
    coalesce(long_sessions, 0) long_sessions, coalesce(shows_liked, 0) shows_liked,
    coalesce(creators_followed, 0) creators_followed,
    coalesce(notifications_enabled, 0) notifications_enabled,
    coalesce(active_days, 0) active_days
FROM (SELECT user_id FROM profiles UNION SELECT user_id FROM active)
LEFT JOIN (SELECT user_id, sum(seconds) AS seconds, count(*) sessions,
    count(*) FILTER (seconds > 300) long_sessions
    FROM sessions GROUP BY ALL) USING (user_id)
LEFT JOIN (SELECT user_id, count(DISTINCT show_id) shows_liked FROM likes GROUP BY ALL) USING (user_id)
LEFT JOIN (SELECT user_id, count(*) creators_followed FROM follows GROUP BY ALL) USING (user_id)
LEFT JOIN (SELECT user_id, count(*) notifications_enabled FROM notifications GROUP BY ALL) USING (user_id)
LEFT JOIN (SELECT user_id, count(DISTINCT day) active_days FROM active GROUP BY ALL) USING (user_id)
"""
CREATOR = """
SELECT creator_id, coalesce(recent_plays, 0) recent_plays, coalesce(distinct_listeners, 0) distinct_listeners,
    mean_listening_minutes, coalesce(likes, 0) likes, coalesce(followers, 0) followers,
    coalesce(shows_hosted, 0) shows_hosted
FROM (SELECT creator_id FROM "show" WHERE day < '{day}'
    UNION SELECT creator_id FROM session WHERE day < '{day}'
    UNION SELECT creator_id FROM "like" WHERE day < '{day}'
    UNION SELECT creator_id FROM follow WHERE day < '{day}')
LEFT JOIN (SELECT creator_id, count(*) FILTER (day >= '{recent}') recent_plays,
    count(DISTINCT user_id) distinct_listeners, sum(seconds) / 60 / count(*) mean_listening_minutes
    FROM sessions GROUP BY ALL) USING (creator_id)
LEFT JOIN (SELECT creator_id, count(DISTINCT (user_id, show_id)) likes FROM likes GROUP BY ALL)
    USING (creator_id)
LEFT JOIN (SELECT creator_id, count(*) followers FROM follows GROUP BY ALL) USING (creator_id)
LEFT JOIN (SELECT creator_id, count(DISTINCT show_id) shows_hosted FROM "show"
    WHERE status = 'live' AND {inside} GROUP BY ALL) USING (creator_id)
"""
SHOW = """
SELECT show_id, coalesce(listens, 0) listens, coalesce(likes, 0) likes, mean_completion
FROM (SELECT show_id FROM "show" WHERE {inside}
    UNION SELECT show_id FROM sessions UNION SELECT show_id FROM likes)
LEFT JOIN (SELECT show_id, count(*) listens, avg(least(1.0, seconds / (60.0 * show_minutes))) mean_completion
    FROM sessions GROUP BY ALL) USING (show_id)
LEFT JOIN (SELECT show_id, count(DISTINCT user_id) likes FROM likes GROUP BY ALL) USING (show_id)
"""
USER_TOPIC = """
WITH listened AS (
    SELECT user_id, unnest(topics) topic, seconds / len(topics) * weight AS seconds FROM sessions
), affinities AS (SELECT user_id, topic, sum(seconds) AS seconds FROM listened GROUP BY ALL),
totals AS (SELECT user_id, sum(seconds) AS total FROM affinities GROUP BY ALL),
liked AS (SELECT user_id, topic, count(DISTINCT show_id) likes
    FROM (SELECT user_id, show_id, unnest(topics) topic FROM likes) GROUP BY ALL),
declared AS (SELECT user_id, unnest(topics) topic, 1 declared FROM profiles)
SELECT user_id || ':' || topic user_topic, user_id, topic,
    CASE WHEN total > 0 THEN coalesce(seconds, 0) / total ELSE 0 END affinity,
    coalesce(likes, 0) likes, coalesce(declared, 0) declared
FROM affinities FULL JOIN liked USING (user_id, topic) FULL JOIN declared USING (user_id, topic)
LEFT JOIN totals USING (user_id)
"""
USER_CREATOR = """
SELECT user_id || ':' || creator_id user_creator, user_id, creator_id, sum(weight * seconds) / 60 affinity,
    count(*) FILTER (seconds > 300) long_sessions
FROM sessions GROUP BY ALL
"""
GROUPS = {
    "user": USER,
    "creator": CREATOR,
    "show": SHOW,
    "user_topic": USER_TOPIC,
    "user_creator": USER_CREATOR,
}


def main(lake: Path, day: date, output: Path) -> float:
    """Writes the groups; the seconds that took."""
    output.mkdir(parents=True, exist_ok=True)
    first, last, recent = (day - timedelta(days) for days in (60, 1, 14))
    inside = f"day BETWEEN '{first}' AND '{last}'"
    active = " UNION ".join(f'SELECT user_id, day FROM "{name}" WHERE {inside}' for name in ACTIVITIES)
    words = {"day": day, "last": last, "recent": recent, "inside": inside, "active": active}
    started = time.monotonic()
    with duckdb.connect() as database:
        for name in TABLES:
            files = f"{lake}/{name}/*/*.parquet"
            source = f"read_parquet('{files}', hive_partitioning = true, union_by_name = true)"
            database.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {source}')
        database.execute(VIEWS.format(**words))
        for group, query in GROUPS.items():
            file = output / f"{group}.parquet"
            database.execute(f"COPY ({query.format(**words)}) TO '{file}' (FORMAT parquet)")
    return time.monotonic() - started


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), Path(sys.argv[3])))
