"""The recommender of Amp: reads, the way of an event, ranked lists under load.

Redis is a stack's own, which answers when a write is on disk; AWS is a local one, in a process of its own. A
machine that does something else meanwhile shows what that costs.

read
    Point-in-time features of one user and 1,000 shows, in turn with the same keys read bare in the same run:
    a pipeline of GETs, and the commands that ``read`` sends without making features of the answers. Between
    reads the function counts on.
reflected
    From when a like is sent to the queue until a read of the show has it.
sent, counted, largest backlog, lost
    Likes are sent as fast as SQS takes them. Counted is how many a second, until the last of them.
overloaded
    The same, to an event source mapping with the least that it may have: two invocations at a time, of one
    event each. So events come faster than they are counted, and the backlog grows until the last is sent.
ranked list
    By the endpoint, from when a request was due: requests come at their rate, answered or not. The forest has
    200 trees of depth 12.
Redis restarted
    The same, while Redis is killed and started two seconds later.
"""

import tempfile
from pathlib import Path

from bench.amp_serving_rig import events, lists, reads
from bench.amp_serving_rig.function import Function, Queue
from bench.amp_serving_rig.modules import JOB, load
from bench.amp_serving_rig.processes import RedisServer, local_aws, redis_server
from bench.amp_serving_rig.recommender import Recommender
from bench.amp_serving_rig.trees import complete
from bench.reporting import Row, parser, report

PARTS = ("reads", "events", "lists")
TREES, DEPTH = 200, 12


def measured(home: Path, redis: RedisServer, options: object) -> list[Row]:
    """Rows of the chosen parts."""
    given = vars(options)
    rows: list[Row] = []
    if "reads" in given["parts"]:
        function = Function(redis.url, given["read_shows"])
        rows += reads.measure(function, given["rounds"], given["events"])
    if set(given["parts"]) - {"reads"}:
        with local_aws(home / "aws") as endpoint_url:
            account = Recommender(endpoint_url, redis.url, store_milliseconds=given["store_milliseconds"])
            function = Function(redis.url, given["shows"])
            if "events" in given["parts"]:
                queue = Queue(account, redis.url)
                rows += events.reflections(function, queue, given["rounds"] // 5)
                rows += events.sustained(function, queue, given["events"])
                rows += events.overload(function, queue, given["events"])
            if "lists" in given["parts"]:
                account.make_groups()
                lists.fill(account, function.shows)
                features = load(JOB, names=["ranking_features"]).ranking_features.FEATURES
                account.deploy(complete(features, TREES, DEPTH))
                rows += lists.measure(account, function, redis, given["rate"], given["seconds"])
    return rows


def main() -> None:
    """Starts the servers, measures and prints the table."""
    made = parser(__doc__ or "", rounds=500)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (all)")
    made.add_argument("--read-shows", type=int, default=1_000, help="shows of a read (%(default)s)")
    made.add_argument("--shows", type=int, default=100, help="live and upcoming shows (%(default)s)")
    made.add_argument(
        "--events", type=int, default=5_000, help="counted before and sent at once (%(default)s)"
    )
    made.add_argument("--rate", type=float, default=50, help="requests a second (%(default)s)")
    made.add_argument("--seconds", type=float, default=60, help="of each load (%(default)s)")
    made.add_argument(
        "--store-milliseconds", type=int, default=100, help="a request waits for a store (%(default)s)"
    )
    options = made.parse_args()
    with tempfile.TemporaryDirectory(prefix="amp-serving-") as folder:
        home = Path(folder)
        with redis_server(home / "redis") as redis:
            rows = measured(home, redis, options)
    report("The recommender of Amp", rows, options.json)


if __name__ == "__main__":
    main()
