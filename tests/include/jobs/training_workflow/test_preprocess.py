"""Every line of the input is a training row, a test row, or a rejected line with a reason."""

import csv
import json
from collections import Counter

import pytest

CLEAN = (
    "good",
    "other order and files",
    "columns reversed",
    "one column more",
    "names as people write them",
    "crlf",
    "byte order mark",
    "quotes and blanks",
    "zipped",
    "hidden files",
    "full stops",
)
REJECTED = {
    "short and long lines": ["the line has 2 columns, not 10", "the line has 11 columns, not 10"],
    "age": [
        "age is missing, it must be a number",
        "age is missing, it must be a number",
        "age is 'old', it must be a number",
        "age is 'NaN', it must be a finite number",
        "age is '-1', it must be between 0 and 120",
        "age is '121', it must be between 0 and 120",
    ],
    "hours": ["hours_per_week is '169', it must be between 0 and 168"],
    "gain": [
        "capital_gain is '-1', it must be between 0 and 1e+12",
        "capital_gain is '1e999', it must be between 0 and 1e+12",
    ],
    "income": [
        "income is '50K', it must be one of <=50K, >50K",
        "income is '', it must be one of <=50K, >50K",
    ],
    "category": ["occupation has 101 characters, at most 100 make a category"],
    "blank lines": ["the line is blank", "the line is blank"],
    "open quote": ["a double quote is not closed, or text follows it"],
    "not utf-8": ["the line is not UTF-8 text"],
    "10 MB line": ["the line has 10000000 characters, more than 10000"],
}
REFUSED = {
    "no file": "The input holds no file",
    "empty": "The input is empty: 'census.csv' has 0 bytes",
    "header only": "The input is empty: it has 0 rows",
    "missing columns": "'census.csv' has no column hours_per_week, capital_gain, capital_loss, occupation; "
    "its header has age, workclass, fnlwgt, education, sex, income.",
    "column twice": "The header of 'census.csv' has age more than once",
    "no header, other columns": "All 2 rows are rejected, the first of them because the line has 3 columns, "
    "not the 15 of a file without a header.",
    "utf-16": "'census.csv' is UTF-16 text: CSV in UTF-8 is needed.",
    "gzip named csv": "'census.csv' is gzip: name it .csv.gz, or decompress it.",
    "csv named gz": "'census.csv.gz' is named .gz but is not gzip",
    "damaged gzip": "'census.csv.gz' is damaged",
    "spreadsheet": "'census.csv' is a zip archive or a spreadsheet",
    "few rows": "49 rows are accepted, at least 50 are needed.",
    "one class": "All 300 rows have the same income: both classes are needed.",
    "two of a class": "All 13 test rows of a split ratio of 0.2 have the same income: both classes",
    "one of a class": "1 of 61 rows has the income >50K: at least 2 of each class are needed, to train on",
}
BOTH_SIDES = "at least 2 and at most 298 are needed, for a row of each class on both sides."
OTHERS = ("uci", "unknown categories")


def table(outcome, path):
    with (outcome.output / path).open() as stream:
        return list(csv.DictReader(stream))


def test_every_case_is_looked_at(census_files):
    assert set(census_files) == {*CLEAN, *REJECTED, *REFUSED, *OTHERS}


@pytest.mark.parametrize("case", CLEAN)
def test_the_same_rows_give_the_same_bytes_however_they_come(prepared, case):
    outcome, good = prepared[case], prepared["good"]
    assert (outcome.code, outcome.message) == (0, "")
    assert outcome.files() == good.files()
    different = [
        file
        for file in good.files()
        if (outcome.output / file).read_bytes() != (good.output / file).read_bytes()
    ]
    assert different == []


def test_rows_are_split_by_the_ratio_and_each_class_alike(prepared):
    assert prepared["good"].json("preprocessing/metrics.json")["rows_test"] == 60
    assert prepared["half"].json("preprocessing/metrics.json")["rows_test"] == 150
    shares = [
        sum(row["income"] == "1" for row in rows) / len(rows)
        for rows in (table(prepared["half"], f"rows/{split}/rows.csv") for split in ("train", "test"))
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)


def test_no_row_is_lost_or_doubled(prepared, census_files):
    def count(rows):
        return Counter((row["age"], row["fnlwgt"], row["occupation"], row["hours_per_week"]) for row in rows)

    came = count(csv.DictReader(census_files["good"]["census.csv"].decode().splitlines()))
    found = [table(prepared["good"], f"rows/{split}/rows.csv") for split in ("train", "test")]
    assert count(found[0]) + count(found[1]) == came


def test_another_seed_draws_another_split(prepared):
    splits = [(prepared[name].output / "rows/test/rows.csv").read_text() for name in ("good", "another seed")]
    assert splits[0] != splits[1]


def test_features_are_bins_scaled_numbers_and_categories(prepared):
    rows, features = (table(prepared["good"], f"{kind}/train/{kind}.csv") for kind in ("rows", "features"))
    names = prepared["good"].json("encoder/encoder.json")["features"]
    assert list(features[0]) == ["income", *names]
    for row, encoded in zip(rows, features, strict=True):
        assert encoded["income"] == row["income"]
        assert encoded[f"education={row['education']}"] == "1"
        for column in ("age", "hours_per_week", "workclass", "education", "occupation"):
            assert sum(encoded[n] == "1" for n in names if n.startswith(f"{column}=")) == 1, column
    weights = [float(row["fnlwgt"]) for row in features]
    assert sum(weights) / len(weights) == pytest.approx(0, abs=1e-4)


def test_the_encoder_has_seen_training_rows_only(prepared):
    encoder = prepared["good"].json("encoder/encoder.json")
    rows = table(prepared["good"], "rows/train/rows.csv")
    weights = [float(row["fnlwgt"]) for row in rows]
    assert encoder["scales"]["fnlwgt"]["mean"] == pytest.approx(sum(weights) / len(weights))
    assert encoder["bins"]["age"][0] == min(float(row["age"]) for row in rows)


@pytest.mark.parametrize("case", REJECTED)
def test_a_line_that_is_no_row_is_counted_and_kept_with_its_reason(prepared, case, census_files):
    outcome = prepared[case]
    assert (outcome.code, outcome.message) == (0, "")
    lines = (outcome.output / "rejected" / "rejected.jsonl").read_text().splitlines()
    rejected = [json.loads(line) for line in lines]
    assert [item["reason"] for item in rejected] == REJECTED[case]
    raw = census_files[case]["census.csv"].decode(errors="replace").split("\n")
    for item in rejected:
        original = raw[item["number"] - 1]
        assert item["line"] == original or item["line"].startswith(original[:1000])
    metrics = outcome.json("preprocessing/metrics.json")
    assert metrics["rows_rejected"] == len(rejected)
    assert sum(
        v for k, v in metrics.items() if k.startswith("rejected_") and k != "rejected_fraction"
    ) == len(rejected)
    assert (
        metrics["rows_in"]
        == 300 + len(rejected)
        == metrics["rows_train"] + metrics["rows_test"] + len(rejected)
    )


def test_a_category_that_is_not_known_is_one_of_its_own(prepared):
    rows = [r for s in ("train", "test") for r in table(prepared["unknown categories"], f"rows/{s}/rows.csv")]
    assert sum(row["education"] == "Unknown" for row in rows) == 2
    assert len(rows) == 302


def test_a_file_without_a_header_is_read_in_the_order_of_the_uci_data(prepared):
    rows = table(prepared["uci"], "rows/train/rows.csv")
    assert rows[0]["hours_per_week"] == "40"
    assert (rows[0]["sex"], rows[0]["race"], rows[0]["capital_gain"]) == ("Male", "White", "2174")


def test_groups_are_kept_but_are_no_features(prepared):
    assert "race" not in table(prepared["good"], "rows/train/rows.csv")[0]
    names = prepared["uci"].json("encoder/encoder.json")["features"]
    assert not [name for name in names if name.startswith(("sex", "race"))]


def test_several_folders_are_read(prepared):
    assert prepared["two folders"].json("preprocessing/metrics.json")["rows_in"] == 600


@pytest.mark.parametrize("case", REFUSED)
def test_an_input_that_cannot_become_features_is_refused_with_one_sentence(prepared, case):
    assert prepared[case].code == 1
    assert REFUSED[case] in prepared[case].message
    assert "\n" not in prepared[case].message
    assert not (prepared[case].output / "features" / "train").exists()


def test_too_many_rejected_rows_end_the_job(prepared):
    assert prepared["within"].code == 0
    assert prepared["over"].code == 1
    assert prepared["over"].message == (
        "6 of 306 rows are rejected, a share of 0.0196: over the bound 0.01 "
        "(age_missing 2, age_range 2, age_number 1); the first because age is missing, it must be a number."
    )


def test_a_ratio_that_leaves_no_test_rows_is_refused(prepared):
    assert prepared["no test rows"].code == 2


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "few test rows",
            f"A split ratio of 0.003 leaves 1 of 300 rows to test on: {BOTH_SIDES}",
        ),
        (
            "few training rows",
            f"A split ratio of 0.999 leaves 300 of 300 rows to test on: {BOTH_SIDES}",
        ),
    ],
)
def test_a_split_without_both_classes_on_both_sides_is_refused(prepared, case, message):
    assert (prepared[case].code, prepared[case].message) == (1, message)
    assert not (prepared[case].output / "features" / "train").exists()


def test_the_sample_has_what_its_description_says(prepared):
    metrics = prepared["sample"].json("preprocessing/metrics.json")
    assert (metrics["rows_in"], metrics["rows_rejected"]) == (3000, 20)


def test_real_adult(real_adult, prepared):
    metrics = prepared["real"].json("preprocessing/metrics.json")
    assert metrics["rows_train"] + metrics["rows_test"] == 32561
    assert metrics["rows_rejected"] == metrics["rejected_blank_line"] == 1
    assert metrics["positive_fraction"] == pytest.approx(7841 / 32561)
