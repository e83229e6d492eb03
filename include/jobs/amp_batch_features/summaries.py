"""What there is to judge about a group, as numbers: two passes over its records, however many expectations.

Great Expectations on Spark would look through the records once or twice for each expectation. Here it judges
one row of numbers for each group.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as sf

from groups import Group

BINS = 24
RULES = {"user": {"long_sessions_over_sessions": "long_sessions > sessions"}}
"""Group -> number -> records of which it is to count those that keep this."""
AFFINITY_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Distribution:
    """A feature's values.

    Attributes:
        low, high: the least and the largest value; None where there is no value.
        mean: of all values.
        nulls: records without one.
        counts: records in BINS intervals of the same width from ``low`` to ``high``.
    """

    low: float | None
    high: float | None
    mean: float | None
    nulls: int
    counts: list[int]


@dataclass(frozen=True)
class Summary:
    """A group: ``facts`` is what expectations are about, by name."""

    records: int
    facts: dict[str, float | None]
    distributions: dict[str, Distribution]


def summarised(name: str, group: Group, rows: DataFrame) -> Summary:
    """Counts records, repeated keys and nulls; each feature's least and largest value and a histogram."""
    columns = [column for column in group.columns if column in rows.columns]
    features = [feature for feature in group.features if feature in columns]
    rules = {rule: sf.count_if(sf.expr(told)) for rule, told in RULES.get(name, {}).items()}
    (found,) = rows.agg(
        sf.count("*").alias("records"),
        sf.count_distinct(group.key).alias("keys"),
        *(sf.count_if(sf.col(column).isNull()).alias(f"{column}_nulls") for column in columns),
        *(each for feature in features for each in _range(feature)),
        *(counted.alias(rule) for rule, counted in rules.items()),
    ).collect()
    facts = {
        "records": found["records"],
        "repeated_keys": found["records"] - found["keys"] - found[f"{group.key}_nulls"],
        "other_columns": len(set(group.columns) ^ set(rows.columns)),
        **{f"{column}_nulls": found[f"{column}_nulls"] for column in columns},
        **{
            f"{feature}_{end}": found[f"{feature}_{end}"]
            for feature in features
            for end in ("least", "largest")
        },
        **{rule: found[rule] for rule in rules},
    }
    return Summary(found["records"], facts, _distributions(rows, features, found))


def uneven_affinities(user_topics: DataFrame) -> int:
    """Users whose affinities for topics add up neither to 1 nor to 0."""
    sums = user_topics.groupBy("user_id").agg(sf.sum("affinity").alias("affinities"))
    off = sf.least(sf.abs(sf.col("affinities") - 1), sf.abs("affinities"))
    count: int = sums.where(off > AFFINITY_TOLERANCE).count()
    return count


def _range(feature: str) -> tuple[Column, Column, Column]:
    least, largest = (each(feature).cast("double") for each in (sf.min, sf.max))
    mean = sf.avg(feature).alias(f"{feature}_mean")
    return least.alias(f"{feature}_least"), largest.alias(f"{feature}_largest"), mean


def _distributions(rows: DataFrame, features: list[str], found: Row) -> dict[str, Distribution]:
    bins = [bin_ for feature in features for bin_ in _bins(feature, found)]
    (counted,) = rows.agg(*bins).collect()
    return {
        feature: Distribution(
            low=found[f"{feature}_least"],
            high=found[f"{feature}_largest"],
            mean=found[f"{feature}_mean"],
            nulls=found[f"{feature}_nulls"],
            counts=[counted[f"{feature}_{number}"] for number in range(BINS)],
        )
        for feature in features
    }


def _bins(feature: str, found: Row) -> list[Column]:
    low, high = found[f"{feature}_least"] or 0.0, found[f"{feature}_largest"] or 0.0
    bin_ = sf.least(sf.floor((sf.col(feature) - low) / ((high - low) / BINS or 1.0)), sf.lit(BINS - 1))
    return [sf.count_if(bin_ == number).alias(f"{feature}_{number}") for number in range(BINS)]
