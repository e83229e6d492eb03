"""What each expectation asked and what it found, in words."""

import json
from collections.abc import Mapping
from typing import Any

EXAMPLES = 3


def report(results: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict, and one entry for each expectation in the order of the suite."""
    entries = [entry(result.to_json_dict()) for batch in results.values() for result in batch.results]
    return {"success": all(item["success"] for item in entries), "expectations": entries}


def entry(result: Mapping[str, Any]) -> dict[str, Any]:
    """One expectation: what it is about, what it asks, what it found."""
    config = result["expectation_config"]
    kwargs = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    column = subject(kwargs)
    found, asked = observed(result), bound(config["type"], kwargs)
    return {
        "expectation": config["type"],
        "column": column,
        "observed": found,
        "bound": asked,
        "success": bool(result["success"]),
        "sentence": f"{column or 'table'}: {found}, expected {asked}",
    }


def subject(kwargs: Mapping[str, Any]) -> str | None:
    """The column or columns that an expectation is about; None for the table as a whole."""
    if "column_A" in kwargs:
        return f"{kwargs['column_A']}, {kwargs['column_B']}"
    if "sum_total" in kwargs:
        return ", ".join(kwargs["column_list"])
    column = kwargs.get("column")
    return None if column is None else str(column)


def bound(expectation: str, kwargs: Mapping[str, Any]) -> str:
    """What an expectation asks for, as people write it: ``0 < value <= 1``."""
    if {"min_value", "max_value"} & kwargs.keys():
        asked = _range(expectation, kwargs)
    elif "column_A" in kwargs:
        asked = f"{kwargs['column_A']} {'>=' if kwargs.get('or_equal') else '>'} {kwargs['column_B']}"
    elif "sum_total" in kwargs:
        asked = f"{' + '.join(kwargs['column_list'])} = {kwargs['sum_total']:g}"
    elif "value_set" in kwargs:
        asked = f"one of {', '.join(map(_short, kwargs['value_set']))}"
    elif "column_list" in kwargs:
        asked = f"the columns {', '.join(kwargs['column_list'])}"
    elif expectation == "expect_column_values_to_not_be_null":
        asked = "no nulls"
    else:
        asked = f"{expectation} {json.dumps(kwargs)}"
    return f"{asked} in at least {kwargs['mostly']:.4g} of the rows" if "mostly" in kwargs else asked


def _range(expectation: str, kwargs: Mapping[str, Any]) -> str:
    name = next(
        (word for word in ("count", "mean", "median", "sum") if f"_{word}_to" in expectation), "value"
    )
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    left = "" if low is None else f"{_short(low)} {'<' if kwargs.get('strict_min') else '<='} "
    right = "" if high is None else f" {'<' if kwargs.get('strict_max') else '<='} {_short(high)}"
    return f"{left}{name}{right}"


def observed(result: Mapping[str, Any]) -> str:
    """What an expectation found: a value, the rows that break it, or why it could not be evaluated."""
    details = result["result"]
    if "observed_value" in details:
        value = details["observed_value"]
        return ", ".join(map(_short, value)) if isinstance(value, list) else _short(value)
    if "unexpected_count" in details:
        count, total = details["unexpected_count"], details["element_count"]
        examples = [
            _short(value)
            for value in details.get("partial_unexpected_list", [])[:EXAMPLES]
            if value is not None
        ]
        return f"{count} of {total} rows outside" + (f", such as {', '.join(examples)}" if examples else "")
    return f"not evaluated ({_exception(result['exception_info'])})"


def _exception(info: Mapping[str, Any]) -> str:
    """The first message; Great Expectations nests them by metric where several were computed."""
    if message := info.get("exception_message"):
        return str(message).splitlines()[0]
    nested = (value for value in info.values() if isinstance(value, Mapping))
    return next(map(_exception, nested), "no reason given")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return " + ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " / ".join(map(_short, value))
    return str(value)
