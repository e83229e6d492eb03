"""Every line of the input is a training row, a validation row, or a rejected line with a reason."""

import json
from collections import Counter

import pytest

CLEAN = (
    "good",
    "other order and files",
    "as a spreadsheet writes it",
    "zipped",
    "spaces and unicode",
    "hidden files",
    "colon",
    "signs",
    "outputs of a former attempt",
)
REJECTED = {
    "bad rows": [
        "a double quote is not closed",
        *(f"length is '{value}', it must be a finite number" for value in ("-Infinity", "1e999", "NaN")),
        *(f"length is '{value}', it must be a number" for value in ("0.4x", "0.5d")),
        *(
            f"rings is '{value}', it must be a whole number of at least 1"
            for value in ("", "-3", "0", "7.5", "99999999999", "ten")
        ),
        *(f"sex is '{value}', it must be one of F, I, M" for value in ("", "X", "sex")),
        *("the line has 10 columns, not 9", "the line has 3 columns, not 9"),
        *("the line is blank", "the line is blank"),
        "whole_weight is '-0.514', it must be at least 0",
    ],
    "long lines": [
        *("the line has 10000000 characters, more than 10000",) * 2,
        "the line has 40000 characters, more than 10000",
    ],
}
REFUSED = {
    "no file": "No S3 objects found at s3://input/no file/in put/",
    "empty": "The input is empty: 'abalone.csv' has 0 bytes",
    "empty gzip": "The input is empty: it has 0 rows",
    "all rejected": "All 2 rows are rejected, most of them like this one: the line has 2 columns, not 9.",
    "utf-16": "'abalone.csv' is UTF-16 text: CSV in UTF-8 is needed.",
    "utf-16 without mark": "'abalone.csv' is binary or UTF-16",
    "gzip named csv": "'abalone.csv' is gzip: name it .csv.gz, or decompress it.",
    "csv named gz": "'abalone.csv.gz' is named .gz but is not gzip",
    "bzip2": "'abalone.csv.bz2' is named .bz2: give CSV as plain text",
    "spreadsheet": "'abalone.csv' is a zip archive or a spreadsheet",
    "one row": "split has 0 of 1 accepted rows",
    "empty part of a key": "its key has an empty part or dots; rename it.",
    "colon in a pattern": "its key has a colon and one of",
    "failure after a success": "'abalone.csv.bz2' is named .bz2: give CSV as plain text",
}
FEATURES = [
    *("sex_F", "sex_I", "sex_M", "length", "diameter", "height"),
    *("whole_weight", "shucked_weight", "viscera_weight", "shell_weight"),
]


def lines_in(files: dict[str, bytes]) -> int:
    return sum(len(content.splitlines()) for content in files.values())


def lines_of(outcome) -> list[str]:
    return [row["line"] for row in outcome.rejected]


def test_every_case_is_looked_at(files):
    assert set(files) == {*CLEAN, *REJECTED, *REFUSED}


@pytest.mark.parametrize("case", CLEAN)
def test_the_same_rows_give_the_same_bytes_however_they_come(outcomes, case):
    outcome, good = outcomes[case], outcomes["good"]
    assert (outcome.code, outcome.message) == (0, "")
    assert outcome.metrics["rows_in"] == 60
    assert outcome.metrics["rows_rejected"] == 0
    for split in ("train", "validation"):
        assert outcome.parts(f"csv/{split}") == good.parts(f"csv/{split}")


@pytest.mark.parametrize("case", REJECTED)
def test_malformed_rows_are_kept_with_their_reason(outcomes, files, case):
    outcome = outcomes[case]
    assert (outcome.code, outcome.message) == (0, "")
    assert sorted(row["reason"] for row in outcome.rejected) == sorted(REJECTED[case])
    assert {row["file"] for row in outcome.rejected} <= {"abalone.csv"}
    metrics = outcome.metrics
    assert metrics["rows_in"] == lines_in(files[case])
    assert metrics["rows_in"] == metrics["rows_train"] + metrics["rows_validation"] + metrics["rows_rejected"]
    by_rule = Counter(f"rejected_{row['rule']}" for row in outcome.rejected)
    rules = {name: count for name, count in metrics.items() if name.startswith("rejected_")}
    assert rules.pop("rejected_fraction") == metrics["rows_rejected"] / metrics["rows_in"]
    assert rules == by_rule


def test_the_raw_line_is_kept(outcomes):
    assert "M,0.455,0.365" in lines_of(outcomes["bad rows"])
    assert "1," * 20_000 in lines_of(outcomes["long lines"])


def test_an_enormous_line_is_kept_as_its_beginning_and_digest(outcomes):
    [line] = [line for line in lines_of(outcomes["long lines"]) if line.startswith("x")]
    assert line.startswith("x" * 1000 + "... [10000000 characters, SHA-256 ")
    assert len(line) < 1200


@pytest.mark.parametrize("case", REFUSED)
def test_an_input_that_is_no_table_ends_in_one_sentence(outcomes, case):
    outcome = outcomes[case]
    assert outcome.code == 1
    assert REFUSED[case] in outcome.message
    assert outcome.message.endswith(".")
    assert not (outcome.output / "csv" / "train").exists()


def test_rejected_lines_are_there_even_if_all_are(outcomes):
    assert [row["line"] for row in outcomes["all rejected"].rejected] == ["a,b", "c,d"]


@pytest.mark.parametrize("case", ["good", "outputs of a former attempt"])
def test_nothing_but_data_is_left_and_the_word_that_it_is_complete(outcomes, case):
    assert outcomes[case].files() == [
        "_SUCCESS",
        "csv/train/part-00000.csv",
        "csv/validation/part-00000.csv",
        "encoder/encoder.json",
        "metrics/metrics.json",
        "parquet/train/part-00000.snappy.parquet",
        "parquet/validation/part-00000.snappy.parquet",
    ]
    assert (outcomes[case].output / "_SUCCESS").read_bytes() == b""


@pytest.mark.parametrize("case", ["failure after a success", "one row", "all rejected"])
def test_a_failure_leaves_nothing_that_looks_complete(outcomes, case):
    files = outcomes[case].files()
    assert not [
        name for name in files if name == "_SUCCESS" or name.startswith(("csv", "parquet", "metrics"))
    ]
    assert case != "failure after a success" or files == []


def test_a_single_object_is_an_input(outcomes):
    assert outcomes["one file"].parts("csv/train") == outcomes["good"].parts("csv/train")


def test_a_rejected_row_names_its_file_as_it_is(outcomes):
    assert [row["file"] for row in outcomes["odd file"].rejected] == ["a + b%20[1].csv"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("no bucket", "The bucket of s3://nobody/x/ does not exist."),
        ("input in the output", "overlaps with the output s3://output/input in the output/csv/"),
    ],
)
def test_an_input_that_cannot_be_is_refused(outcomes, case, message):
    assert (outcomes[case].code, message in outcomes[case].message) == (1, True), outcomes[case].message


def test_a_whole_bucket_is_no_output(outcomes):
    """Its folders would be emptied first."""
    kept = outcomes["whole bucket"]
    assert kept.code == 2
    assert (kept.output.parents[1] / "csv" / "out" / "mine.csv").read_bytes() == b"1"


def test_rows_are_rings_then_one_hot_sex_then_measures(outcomes, files):
    source = files["good"]["abalone.csv"].decode().splitlines()
    rows = [row for split in ("train", "validation") for row in rows_of(outcomes["good"], split)]
    assert sorted(rows) == sorted(encoded(line) for line in source)
    assert outcomes["good"].json("encoder/encoder.json") == {
        "label": "rings",
        "sexes": ["F", "I", "M"],
        "features": FEATURES,
    }


def test_another_seed_draws_another_split_of_the_same_rows(outcomes):
    good, other = outcomes["good"], outcomes["another seed"]
    assert set(rows_of(good, "train")) != set(rows_of(other, "train"))
    assert sorted(all_rows(good)) == sorted(all_rows(other))


def test_four_fifths_are_for_training(outcomes):
    metrics = outcomes["sample"].metrics
    assert metrics["rows_in"] == 4000
    assert metrics["rows_train"] / 4000 == pytest.approx(0.8, abs=0.025)


def test_identical_rows_land_on_one_side(outcomes):
    sample = outcomes["sample"]
    assert not set(rows_of(sample, "train")) & set(rows_of(sample, "validation"))


def test_metrics_are_flat_numbers(outcomes):
    assert all(isinstance(value, int | float) for value in outcomes["bad rows"].metrics.values())
    assert json.dumps(outcomes["bad rows"].metrics)


def rows_of(outcome, split):
    text = b"".join(outcome.parts(f"csv/{split}")).decode()
    return [tuple(map(float, line.split(","))) for line in text.splitlines()]


def all_rows(outcome):
    return rows_of(outcome, "train") + rows_of(outcome, "validation")


def encoded(line):
    sex, *measures, rings = line.split(",")
    return (float(rings), *(float(sex == known) for known in "FIM"), *map(float, measures))
