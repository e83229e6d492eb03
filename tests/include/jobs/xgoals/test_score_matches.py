"""Matches scored at an endpoint of the local AWS that serves a real model."""

import time

import pytest

from local.aws.server import LocalAws
from tests.include.jobs.conftest import IMAGES
from tests.include.jobs.speech.in_image import RaisedError
from tests.local.aws.sagemaker.account import Account

NAME = "xgoals"
MATCH, BROKEN = "DFL-MAT-000020", "DFL-MAT-00000B"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def endpoint(trained, tmp_path_factory):
    """The address of a local AWS with an endpoint."""
    with LocalAws(home=tmp_path_factory.mktemp("aws"), images=IMAGES, port=0) as aws:
        account = Account(aws.endpoint_url).furnish()
        model = account.put("model.tar.gz", (trained / "model-1" / "model.tar.gz").read_bytes())
        container = {"Image": f"{REGISTRY}/xgboost:1", "ModelDataUrl": model}
        account.sagemaker.create_model(
            ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=account.role
        )
        variant = {
            "VariantName": "main",
            "ModelName": NAME,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        account.sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
        account.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
        while (
            status := account.sagemaker.describe_endpoint(EndpointName=NAME)["EndpointStatus"]
        ) == "Creating":
            time.sleep(0.1)
        assert status == "InService"
        yield aws.endpoint_url


@pytest.fixture(scope="module")
def scored(endpoint, script, sample, tmp_path_factory):
    """A match, and one that breaks a rule."""
    folder = tmp_path_factory.mktemp("scored")
    (folder / "in").mkdir()
    for match in (BROKEN, MATCH):
        for path in sample.glob(f"*{match}.xml.gz"):
            (folder / "in" / path.name).symlink_to(path)
    environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    options = ("--endpoint", NAME, "--input", folder / "in")
    return script("score_matches.py", *options, output=folder / "out", **environment)


def test_every_shot_has_a_chance_and_the_best_pass_instead(scored):
    shots, metrics = scored.document(f"{MATCH}/shots.json"), scored.document("metrics.json")
    assert metrics["scored_shots"] == len(shots) == 27
    assert metrics["scored_xg"] == pytest.approx(sum(shot["xg"] for shot in shots))
    assert all(0 < shot["xg"] < 1 for shot in shots)
    passes = [shot for shot in shots if shot["pass_to"]]
    assert passes
    assert all(0 <= shot["pass_xg"] <= shot["pass_completion"] <= 1 for shot in passes)
    assert [shot["minute"] for shot in shots] == sorted(shot["minute"] for shot in shots)


def test_tables_agree_with_the_shots(scored):
    shots, players = scored.document(f"{MATCH}/shots.json"), scored.document(f"{MATCH}/players.json")
    keepers = scored.document(f"{MATCH}/goalkeepers.json")
    assert sum(player["shots"] for player in players) == len(shots)
    assert sum(player["xg"] for player in players) == pytest.approx(sum(shot["xg"] for shot in shots))
    assert players == sorted(players, key=lambda player: -player["xg"])
    goals = sum(shot["outcome"] == "goal" for shot in shots)
    assert sum(keeper["conceded"] for keeper in keepers) == goals
    assert {keeper["team"] for keeper in keepers} == {shot["team"] for shot in shots}


def test_the_page_stands_alone_and_names_who_is_set_aside(scored):
    page = (scored.folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "<script" not in page
    assert f"<b>{BROKEN}</b> is set aside: its events have 3:2 goals, its result is 4:2" in page
    assert (scored.folder / MATCH / "shot_map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("period", "seconds", "minute"),
    [(1, 0, 1), (1, 2699, 45), (1, 2830, 45), (2, 0, 46), (2, 2700 + 240, 90), (3, 61, 92), (4, 1000, 120)],
)
def test_stoppage_time_is_the_last_minute_of_its_period(image, period, seconds, minute):
    event = (
        "types.SimpleNamespace(period=types.SimpleNamespace(id=period), "
        "timestamp=__import__('datetime').timedelta(seconds=seconds))"
    )
    asked = f"match_tables.ScoredShot(types.SimpleNamespace(event={event}), 0.5, None).minute"
    assert image(asked, period=period, seconds=seconds) == minute


def run(image, matches, tmp_path, name=NAME):
    asked = {"input": str(matches), "output": str(tmp_path / "out"), "endpoint": name}
    return image(
        "score_matches.run(types.SimpleNamespace(provider='sportec', **{name: pathlib.Path(value) "
        "if name in ('input', 'output') else value for name, value in asked.items()}))",
        asked=asked,
    )


def test_an_endpoint_that_is_not_there_is_named(image, endpoint, scored, tmp_path):
    image("os.environ.update(to)", to={"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"})
    with pytest.raises(RaisedError, match="The endpoint nobody gives no chances"):
        run(image, scored.folder.parent / "in", tmp_path, name="nobody")


def test_more_matches_than_a_page_takes_are_refused(image, sample, tmp_path):
    with pytest.raises(RaisedError, match="There are 32 matches, 10 fit on a page"):
        run(image, sample, tmp_path)


def test_without_a_match_that_keeps_the_rules_there_is_no_page(image, sample):
    usable = "(lambda p: score_matches.usable(p, p.matches(pathlib.Path(folder))[10:11]))"
    with pytest.raises(RaisedError, match=f"No match can be scored. {BROKEN}: its events have 3:2 goals"):
        image(f"{usable}(match_files.PROVIDERS['sportec'])", folder=str(sample))
