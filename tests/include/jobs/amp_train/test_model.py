"""The forest is reproducible, predicts as scikit-learn does, and ranks behind an endpoint."""

import csv
import json

import pytest

from bench.amp_serving_rig.modules import JOB, load

SERVE = """
import json, sys; import inference
from entrypoint import serving
names = serving.Functions.__dataclass_fields__
app = serving.application(serving.Functions(*(getattr(inference, name) for name in names)))
client, answers = app.test_client(), []
for body, kind, accept in json.load(sys.stdin):
    answer = client.post("/invocations", data=body, content_type=kind, headers={"Accept": accept})
    answers.append([answer.status_code, answer.get_data(as_text=True)])
print(json.dumps(answers))
"""
SAME_AS_SKLEARN = """
import sys; from pathlib import Path; import numpy as np
from sklearn.ensemble import RandomForestClassifier
from forest import Forest
from ranking_features import FEATURES, LABEL
from training_files import model_input, read_rows
rows = read_rows(Path(sys.argv[1])); given = model_input(rows)
classifier = RandomForestClassifier(n_estimators=5, class_weight="balanced_subsample", random_state=3)
classifier.fit(given, rows[LABEL])
forest = Forest.of(classifier, FEATURES)
print(np.abs(forest.probabilities(given) - classifier.predict_proba(given)[:, 1]).max())
"""


def model_of(outcome):
    return outcome.output.parent / "model"


def failure(outcome):
    return (outcome.base / "output" / "failure").read_text()


def test_the_same_rows_and_seed_give_the_same_bytes(fitted):
    forests = {
        name: (model_of(fitted[name]) / "forest.npz").read_bytes()
        for name in ("good", "again", "another seed")
    }
    assert forests["good"] == forests["again"]
    assert forests["good"] != forests["another seed"]


def test_it_predicts_what_scikit_learn_does(built, in_sklearn_image):
    assert float(in_sklearn_image(SAME_AS_SKLEARN, built["good"].output / "train")) < 1e-12


@pytest.mark.parametrize(
    ("case", "message"),
    [("no rows", "There is no Parquet file in"), ("no channel", "There is no channel 'train'")],
)
def test_training_that_cannot_start_fails_with_a_sentence(fitted, case, message):
    assert fitted[case].code == 1
    assert message in failure(fitted[case])


def test_the_forest_beats_the_heuristic_where_there_is_a_hidden_taste(measured):
    metrics = measured["alone"].json("metrics.json")
    assert metrics["auc"] > 0.7
    assert metrics["ndcg_gain_low"] > 0
    assert metrics["ndcg_gain_low"] < metrics["ndcg_gain"] < metrics["ndcg_gain_high"]
    assert metrics["ndcg"] - metrics["heuristic_ndcg"] == pytest.approx(metrics["ndcg_gain"])


def test_measuring_again_gives_the_same_numbers_and_the_same_page(measured):
    for name in ("metrics.json", "report.html"):
        assert (measured["alone"].output / name).read_bytes() == (
            measured["again"].output / name
        ).read_bytes()


def test_the_report_stands_alone(measured):
    page = (measured["alone"].output / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page
    assert "95% confidence" in page


def test_the_champion_is_measured_on_the_same_rows(measured):
    metrics = measured["champion"].json("metrics.json")
    assert metrics["champion_ndcg"] < metrics["ndcg"]
    assert {"model_sha256", "champion_sha256"} == set(measured["champion"].json("model.json"))


def test_a_champion_that_cannot_be_read_is_told_of(measured):
    assert "champion_ndcg" not in measured["broken champion"].json("metrics.json")
    identity = measured["broken champion"].json("model.json")
    assert "is not a forest of this pipeline" in identity["champion_incomparable"]


@pytest.mark.parametrize(
    ("case", "message"),
    [("broken", "forest.npz is not a forest of this pipeline"), ("no rows", "There is no Parquet file in")],
)
def test_what_cannot_be_measured_fails_with_a_sentence(measured, case, message):
    assert measured[case].code == 1
    assert message in measured[case].message


REFUSED = [
    ("1,2,3", "text/csv", "text/csv", 400, "Line 1 has 3 values; a candidate has 21 features."),
    ("," * 20 + "\nx" + "," * 20, "text/csv", "text/csv", 400, "Line 2: user_listening_minutes is 'x'"),
    ("-1" + "," * 20, "text/csv", "text/csv", 400, "is '-1'; give a number of at least 0"),
    ("", "text/csv", "text/csv", 400, "The body is empty"),
    ("{}", "application/json", "application/json", 400, "user_id is None"),
    ('{"user_id": "u"}', "application/json", "text/csv", 406, "a ranked list is application/json"),
    ("{}", "image/png", "text/csv", 415, "send text/csv or application/json"),
    ("," * 20, "text/csv", "image/png", 406, "ask for text/csv or application/json"),
]


@pytest.fixture(scope="module")
def asked(built, fitted, in_sklearn_image, tmp_path_factory):
    """Answers of the model as an endpoint gives them, with the code that is inside it: status and text."""
    base = tmp_path_factory.mktemp("ml")
    (base / "model").symlink_to(model_of(fitted["good"]))
    lines = list(csv.reader((built["good"].output / "request" / "rows.csv").open()))
    query = "\n".join(",".join(line[1:]) for line in lines)
    requests = [(query, "text/csv", "text/csv"), (query, "text/csv", "application/json")]
    named = '{"user_id": "u", "shows": ["s"]}'
    requests += [("," * 20, "text/csv", ""), (named, "application/json", "")]
    requests += [each[:3] for each in REFUSED]
    code = f"import sys; sys.path.insert(0, {str(base / 'model' / 'code')!r})\n{SERVE}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_BASE_DIR", str(base))
        return json.loads(in_sklearn_image(code, body=json.dumps(requests).encode()))


def test_an_endpoint_ranks_candidates_by_what_was_learned(asked, built):
    (status, text), (_, document) = asked[:2]
    lines = (built["good"].output / "request" / "rows.csv").read_text().splitlines()
    scores = [float(line) for line in text.split()]
    assert (status, len(scores)) == (200, len(lines))
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] > sum(scores[1:]) / len(scores[1:]), "the one that was listened to is above the others"
    assert json.loads(document) == {"scores": scores}


def test_without_a_store_an_endpoint_says_so(asked):
    status, text = asked[3]
    answer = json.loads(text)
    assert (status, answer["ranked_by"], answer["because"]) == (
        200,
        "topics",
        "Feature Store is not configured.",
    )
    assert answer["shows"] == [{"show_id": "s", "creator_id": "", "status": "", "score": 0.0}]


def test_a_candidate_of_which_nothing_is_known_is_ranked_too(asked):
    status, text = asked[2]
    assert status == 200
    assert 0 <= float(text) <= 1


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_request_that_cannot_be_answered_is_told_why(asked, number):
    *_, status, message = REFUSED[number]
    assert asked[4 + number][0] == status
    assert message in asked[4 + number][1]


def test_the_model_holds_no_pickle(fitted):
    names = {path.name for path in model_of(fitted["good"]).rglob("*") if path.is_file()}
    serving = load(JOB, names=["serving_files"]).serving_files.SERVING
    assert names == {"forest.npz", *serving}
