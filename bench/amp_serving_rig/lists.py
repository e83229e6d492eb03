"""Ranked lists under load: requests come when they come, whether or not earlier ones are answered."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from bench.amp_serving_rig.figures import row, times
from bench.amp_serving_rig.function import USERS, Function
from bench.amp_serving_rig.processes import RedisServer
from bench.amp_serving_rig.recommender import Recommender
from bench.reporting import Row

THREADS = 64
AWAY_SECONDS = 2.0
TOPICS, CREATORS = 20, 100


class Answered(NamedTuple):
    """How long from when a request was due, in ms, and by what it was ranked; "" without a list."""

    milliseconds: float
    ranked_by: str


def fill(recommender: Recommender, shows: list[str], seed: int = 0) -> None:
    """Daily features of users, creators, shows and pairs of them."""
    chance, day = random.Random(seed), f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}"

    def some(*names: str) -> dict[str, Any]:
        return {"event_time": day, **{name: chance.randrange(20) for name in names}}

    users = [f"user-{number}" for number in range(USERS)]
    creators = [f"creator-{number}" for number in range(CREATORS)]
    user = ("listening_minutes", "sessions", "long_sessions", "shows_liked", "creators_followed")
    recommender.put(
        "user", [{"user_id": u, **some(*user, "notifications_enabled", "active_days")} for u in users]
    )
    creator = ("recent_plays", "distinct_listeners", "mean_listening_minutes", "likes", "followers")
    recommender.put("creator", [{"creator_id": c, **some(*creator, "shows_hosted")} for c in creators])
    recommender.put("show", [{"show_id": s, **some("listens", "likes", "mean_completion")} for s in shows])
    for kind, key, names in (
        ("topic", "topic", [f"topic-{number}" for number in range(TOPICS)]),
        ("creator", "creator_id", creators),
    ):
        features = ("affinity", "likes", "declared") if kind == "topic" else ("affinity", "long_sessions")
        recommender.put(
            f"user_{kind}",
            [
                {f"user_{kind}": f"{u}:{name}", "user_id": u, key: name, **some(*features)}
                for u in users
                for name in chance.sample(names, 5)
            ],
        )


def load(
    recommender: Recommender, rate: float, seconds: float, meanwhile: Callable[[], None] | None = None
) -> list[Answered]:
    """Answers to ``rate`` requests a second; ``meanwhile`` is done after a third of the time."""
    start, found = time.perf_counter() + 1, list[Answered]()

    def ask(number: int) -> None:
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            answer = recommender.ask(f"user-{number * 13 % USERS}")
            ranked_by = answer["ranked_by"] if answer["shows"] else ""
        except (ClientError, BotoCoreError):
            ranked_by = ""
        found.append(Answered(1000 * (time.perf_counter() - due), ranked_by))

    timer = threading.Timer(1 + seconds / 3, meanwhile) if meanwhile else None
    if timer:
        timer.start()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(ask, range(int(rate * seconds))))
    if timer:
        timer.join()
    return found


def share(found: list[Answered], *ranked_by: str) -> float:
    """Percent of the answers that are ranked by one of these."""
    return 100 * sum(each.ranked_by in ranked_by for each in found) / len(found)


def measure(
    recommender: Recommender, function: Function, redis: RedisServer, rate: float, seconds: float
) -> list[Row]:
    """Under load; and while Redis is killed, and started again two seconds later."""
    function.announce(len(function.shows))
    # Its clients are made when they are first needed, and its threads each have to have asked.
    load(recommender, 5, 4)
    quiet = load(recommender, rate, seconds)

    def restart() -> None:
        redis.kill()
        time.sleep(AWAY_SECONDS)
        redis.start()

    restarted = load(recommender, rate, seconds, restart)
    at = f"ranked list of {len(function.shows)} shows at {rate:g}/s"
    return [
        *times(at, [each.milliseconds for each in quiet], "< 200"),
        row(f"{at}: by the forest", share(quiet, "forest"), "%"),
        *times("Redis restarted", [each.milliseconds for each in restarted]),
        row("Redis restarted: answered", share(restarted, "forest", "topics"), "%", ">= 99.8"),
        row("Redis restarted: by the forest", share(restarted, "forest"), "%"),
    ]
