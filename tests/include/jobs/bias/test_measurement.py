"""Figures of files: known data, every kind of facet and label, and input that is not as it should be."""

import codecs
import gzip

import pytest

from tests.include.jobs.bias.conftest import ADULT

BOTH = {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}}
ROWS = "f,y,p\nd,1,1\nd,0,0\nd,0,1\na,1,1\na,1,0\na,0,0\n"


def test_the_figures_of_uci_adult(measured, adult):
    found = measured(
        adult,
        headers=ADULT,
        label="income",
        label_values_or_threshold=[">50K"],
        facet=[{"name_or_index": "sex", "value_or_threshold": ["Female"]}],
    ).values
    known = {
        "CI": 0.35137,
        "DPL": 0.20016,
        "KL": 0.14307,
        "JS": 0.03076,
        "LP": 0.28307,
        "TVD": 0.20016,
        "KS": 0.20016,
    }
    assert {name: found["sex", "Female", name] for name in known} == pytest.approx(known, abs=5e-6)


def test_the_document_is_clarify_s(measured):
    document = measured(ROWS, predicted_label="p", methods=BOTH).document
    assert list(document) == ["version", "pre_training_bias_metrics", "post_training_bias_metrics"]
    section = document["post_training_bias_metrics"]
    assert (section["label"], section["label_value_or_threshold"]) == ("y", "1")
    [group] = section["facets"]["f"]
    assert group["value_or_threshold"] == "d"
    names = [metric["name"] for metric in group["metrics"]]
    assert names == sorted(names)
    assert len(names) == 13
    assert {
        "name": "DPPL",
        "description": "Difference in Positive Proportions in Predicted Labels (DPPL)",
    }.items() <= (group["metrics"][names.index("DPPL")].items())


def test_infinite_and_undefined_values_are_written_as_clarify_does(measured):
    found = measured("f,y,p\nd,1,1\nd,0,0\na,1,0\na,0,0\n", predicted_label="p", methods=BOTH)
    assert found.values["f", "d", "DI"] == "Infinity"
    assert found.values["f", "d", "DCA"] == "Infinity"
    assert found.metrics["f", "d", "CDDPL"]["value"] is None
    assert found.metrics["f", "d", "CDDPL"]["error"] == "Group variable is empty or not provided"
    assert "no column of numbers" in found.metrics["f", "d", "FT"]["error"]


def test_only_what_is_asked_for_is_computed(measured):
    found = measured(ROWS, methods={"pre_training_bias": {"methods": ["CI", "DPL"]}})
    assert list(found.values) == [("f", "d", "CI"), ("f", "d", "DPL")]
    assert "post_training_bias_metrics" not in found.document


def test_without_values_every_value_is_compared_with_all_others(measured):
    content = "f,y\n" + "x,1\nx,0\ny,1\nz,0\nz,0\n" * 2
    found = measured(content, facet=[{"name_or_index": "f"}]).values
    assert {group for _, group, _ in found} == {"x", "y", "z"}
    assert found["f", "x", "DPL"] == pytest.approx(2 / 6 - 2 / 4)
    together = measured(content, facet=[{"name_or_index": "f", "value_or_threshold": ["x", "y"]}]).values
    assert together["f", "x,y", "DPL"] == pytest.approx(0 - 4 / 6)
    assert together["f", "x,y", "DPL"] == pytest.approx(-found["f", "z", "DPL"])


def test_several_facets(measured):
    content = "f,g,y\nd,1,1\nd,2,0\na,1,1\na,2,1\n"
    found = measured(
        content, facet=[{"name_or_index": "f", "value_or_threshold": ["d"]}, {"name_or_index": "g"}]
    )
    assert {key[:2] for key in found.values} == {("f", "d"), ("g", "1"), ("g", "2")}


def test_thresholds_are_lower_bounds_that_are_not_chosen(measured):
    content = "f,y\n20,1.5\n30,2.5\n40,3.5\n50,2.5\n60,4.5\n"
    found = measured(
        content, label_values_or_threshold=2.5, facet=[{"name_or_index": "f", "value_or_threshold": 40}]
    )
    assert found.document["pre_training_bias_metrics"]["label_value_or_threshold"] == "(2.5, 4.5]"
    assert found.values["f", "(40.0, 60.0]", "CI"] == pytest.approx(1 / 5)
    assert found.values["f", "(40.0, 60.0]", "DPL"] == pytest.approx(1 / 3 - 1 / 2)
    assert found.values["f", "(40.0, 60.0]", "TVD"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("column", "asked", "text"),
    [
        ([18, 25, 40, 65], [30], "(30.0, 65.0]"),
        ([0.5, 1.5] * 50, [1.5], "1.5"),
        ([0.1, 0.5, 0.9], [0.5], "(0.5, 0.9]"),
        ([0, 1] * 5, [1], "1"),
        ([1, 2, 3] * 100, [2], "2"),
        ([18, 25, 40, 65], ["25"], "25"),
        ([18, 25, 40, 65], 25, "(25.0, 65.0]"),
    ],
)
def test_a_list_of_one_number_is_a_threshold_for_measurements_only(image, column, asked, text):
    values = list(dict.fromkeys(map(str, column)))
    codes = [values.index(str(each)) for each in column]
    made = "choices.choose(csv_columns.Column('f', numpy.array(codes), tuple(values)), asked, 'facet').text"
    assert image(made, codes=codes, values=values, asked=asked) == text


def test_scores_become_labels_at_the_probability_threshold(measured):
    content = "f,y,p\nd,1,0.9\nd,0,0.4\nd,1,0.5\na,1,0.7\na,0,0.6\n"
    assert measured(content, predicted_label="p", methods=BOTH).values["f", "d", "DPPL"] == pytest.approx(
        1 - 1 / 3
    )
    strict = measured(content, predicted_label="p", methods=BOTH, probability_threshold=0.65)
    assert strict.values["f", "d", "DPPL"] == pytest.approx(1 / 2 - 1 / 3)


def test_a_model_that_accepts_nobody_is_measured(measured):
    found = measured(ROWS.replace(",1\n", ",0\n"), predicted_label="p", methods=BOTH).values
    assert (found["f", "d", "DPPL"], found["f", "d", "DI"]) == (0.0, 0.0)


def test_neighbours_are_found_by_numbers_that_are_not_excluded(measured):
    content = "f,y,p,n,m,t\n" + "d,1,0,0,0,x\na,1,1,0,9,y\na,1,0,9,0,z\n"
    fields = {"predicted_label": "p", "methods": {"post_training_bias": {"methods": ["FT"]}}}
    assert measured(content, excluded_columns=["m"], **fields).values["f", "d", "FT"] == 1.0
    assert measured(content, excluded_columns=["n"], **fields).values["f", "d", "FT"] == 0.0


CLEAN = "f,y,note\nd,1,x\nd,0,x\na,1,x\na,1,x\n"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + CLEAN.encode(),
        CLEAN.replace("\n", "\r\n"),
        CLEAN.replace(",", " , "),
        CLEAN.replace(",x", ', "say ""a, b"",\nthen c"'),
        CLEAN.replace("d,1", '"d",1.0'),
        CLEAN + "\n\n",
        CLEAN.replace("\n", "\n\n"),
    ],
    ids=["byte order mark", "crlf", "blanks", "quotes and line ends", "numbers", "blank end", "blank lines"],
)
def test_ways_to_write_the_same_rows(measured, content):
    assert measured(content).values["f", "d", "DPL"] == pytest.approx(0.5)


def test_files_of_a_folder_are_one_table(measured, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_text("f,y\nd,1\nd,0\n")
    (folder / "b.csv.gz").write_bytes(gzip.compress(b"f,y\na,1\na,1\n"))
    (folder / "_SUCCESS").write_text("")
    assert measured(folder).values["f", "d", "DPL"] == pytest.approx(0.5)
    assert measured(folder, headers=["f", "y"]).values["f", "d", "DPL"] == pytest.approx(0.5)


def test_columns_may_be_named_by_their_index(measured):
    fields = {
        "headers": ["f", "y", "note"],
        "label": 1,
        "facet": [{"name_or_index": 0, "value_or_threshold": ["d"]}],
    }
    assert measured(CLEAN.split("\n", 1)[1], **fields).values["f", "d", "DPL"] == pytest.approx(0.5)


def test_rows_without_a_value_are_left_out_and_counted(measured):
    found = measured(CLEAN + "d,,x\n?,1,x\n,0,x\nNA,1,x\n")
    assert found.values["f", "d", "DPL"] == pytest.approx(0.5)
    assert found.left_out == {"f": 4}


@pytest.mark.parametrize(
    ("content", "fields", "reason"),
    [
        (CLEAN, {"label": "z"}, r"no column 'z' \(label\); the columns are 'f', 'y', 'note'"),
        (CLEAN, {"label": 3}, r"no column 3 \(label\)"),
        (
            CLEAN,
            {"label_values_or_threshold": ["yes"]},
            r"'y' has the value 'yes' in no row; it has '1', '0'",
        ),
        (CLEAN, {"facet": [{"name_or_index": "f", "value_or_threshold": ["b"]}]}, "the value 'b' in no row"),
        (CLEAN.replace("a,", "d,"), {}, "Every row with a label is in the group 'd'"),
        (CLEAN.replace("a,", "d,"), {"facet": [{"name_or_index": "f"}]}, "one value only, 'd'"),
        (CLEAN.replace("a,1", "a,"), {}, "Every row with a label is in the group 'd'"),
        (CLEAN.replace("x", ""), {"group_variable": "note"}, "'note' has no value in any of the 4 rows"),
        (CLEAN, {"label_values_or_threshold": 1}, "No row has a label 'y' over the threshold 1: .* 0 to 1"),
        (CLEAN, {"label": "note", "label_values_or_threshold": 0.5}, "'note' is no column of numbers"),
        (
            "f,y\n0.1,1\n0.2,0\n0.3,1\n",
            {"facet": [{"name_or_index": "f"}]},
            "'f' is continuous: give a threshold",
        ),
        (
            CLEAN,
            {"predicted_label": "note", "methods": BOTH},
            "'note' has the value 'x', which the label 'y' has not",
        ),
        (CLEAN, {"label": "f", "label_values_or_threshold": ["d"]}, "'f' is the label"),
        ("f,y\n", {}, "has a header but no rows"),
        ("", {}, "0 bytes"),
        ("f,f\nd,1\n", {}, "'f' is there 2 times"),
        (CLEAN + "d,1\n", {}, "Row 6 of 'data.csv' has 2 fields, not 3"),
        (CLEAN + 'd,1,"x\n', {}, "'data.csv' is not CSV"),
        (CLEAN.encode() + b"d,1,\xff\n", {}, "'data.csv' is not UTF-8"),
        (CLEAN.encode("utf-16"), {}, "UTF-16"),
        (CLEAN, {"dataset_type": "application/jsonlines"}, "dataset_type"),
        (CLEAN, {"predicted_label_dataset_uri": "s3://b/k"}, "predicted_label_dataset_uri is not read here"),
        (CLEAN, {"methods": {"post_training_bias": {"methods": "all"}}}, "needs predicted_label"),
        (CLEAN, {"methods": {"pre_training_bias": {"methods": ["DPPL"]}}}, "no metric 'DPPL'"),
        (CLEAN, {"facet": []}, "facet is missing"),
        (CLEAN, {"label_values_or_threshold": []}, "label_values_or_threshold is missing"),
        (CLEAN, {"probability_threshold": 2}, "probability_threshold is 2"),
        (CLEAN, {"excluded_columns": "note"}, "excluded_columns is 'note', it must be a list"),
        (CLEAN, {"excluded_columns": ["note", {}]}, r"excluded_columns\[1\] is {}, it must be the name or"),
        (CLEAN, {"methods": {"pre_training_bias": ["CI"]}}, 'its methods must be "all" or a list'),
        (CLEAN, {"methods": {"pre_training_bias": {"methods": 3}}}, 'its methods must be "all" or a list'),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(measured, content, fields, reason):
    with pytest.raises(Exception, match=f"JobError: .*{reason}"):
        measured(content, **fields)
