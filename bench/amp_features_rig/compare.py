"""Every entity and every feature of two sets of groups, one Parquet folder or file for each group.

``compare.py OURS THEIRS``: prints how many records both have, and ends with an error where one differs.
Numbers may differ by 1e-9 of themselves, or of 1 where they are smaller: the order of a sum is no difference.
"""

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent))
from duckdb_features import GROUPS

KEYS = {
    "user": "user_id",
    "creator": "creator_id",
    "show": "show_id",
    "user_topic": "user_topic",
    "user_creator": "user_creator",
}
TEXT = ("user_id", "topic", "creator_id", "event_time")


def differences(
    database: duckdb.DuckDBPyConnection, group: str, ours: str, theirs: str
) -> tuple[int, list[str]]:
    """How many records there are, and in words which are not the same."""
    key = KEYS[group]
    columns = [row[0] for row in database.execute(f"DESCRIBE SELECT * FROM '{theirs}'").fetchall()]
    features = [name for name in columns if name not in (key, *TEXT)]
    same = " AND ".join(
        f"(a.{name} IS NOT DISTINCT FROM b.{name}"
        f" OR abs(a.{name} - b.{name}) <= 1e-9 * greatest(1, abs(b.{name})))"
        for name in features
    )
    joined = f"FROM '{ours}' a FULL JOIN '{theirs}' b ON a.{key} = b.{key}"
    count = database.execute(f"SELECT count(*) {joined}").fetchone()
    wrong = database.execute(
        f"SELECT a, b {joined} WHERE NOT coalesce(a.{key} = b.{key} AND {same}, false) LIMIT 3"
    ).fetchall()
    return (count[0] if count else 0), [f"{group}: {a} is not {b}" for a, b in wrong]


def main(ours: Path, theirs: Path) -> int:
    """Compares all groups; the exit code."""
    total, wrong = 0, []
    with duckdb.connect() as database:
        for group in GROUPS:
            found, words = differences(
                database, group, f"{ours}/{group}/*.parquet", f"{theirs}/{group}.parquet"
            )
            total, wrong = total + found, wrong + words
    print(total if not wrong else "\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
