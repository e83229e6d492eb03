"""The day of events that a run is about."""

from datetime import date

from include.run import Run


def named_day(run: Run) -> date | None:
    """The day of the run's partition, or as the Param ``day`` says; None where neither names one.

    Raises:
        ValueError: there is no such day, or form and partition name two.
    """
    named, partition = run.params["day"], run.partition_key
    if named and partition and named != partition:
        raise ValueError(
            f"the Param day is {named} and the run's partition {partition}: leave day empty where the run "
            "has a partition, as each of a backfill has"
        )
    text = named or partition
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the day {text!r} is none: give it as YYYY-MM-DD") from None
