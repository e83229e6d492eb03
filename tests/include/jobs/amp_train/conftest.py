"""A small world, the training set made of it, and the model trained on that; one process for each script."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import boto3
import pytest

from include.pipelines.amp_train import code
from local.aws.server import LocalAws
from tests.include.jobs.abalone.conftest import Outcome, Plan
from tests.include.jobs.conftest import IMAGES, interpreter

HERE = Path(__file__).parent
GROUPS = ("user", "creator", "show", "user_topic", "user_creator")
OPTIONS = ("--day", "2026-03-06", "--train-days", "3", "--test-days", "2", "--candidates", "8")
SHORT = ("--train-days", "1", "--test-days", "1")
TO_JSON = """
import json, sys
from pathlib import Path
import pandas as pd
paths = sorted(Path(sys.argv[1]).rglob("*.parquet"))
tables = {p.parent.name + "/" + p.name: pd.read_parquet(p) for p in paths}
found = {name: table.to_json(orient="records", date_format="iso") for name, table in tables.items()}
print(json.dumps({name: json.loads(rows) for name, rows in found.items()}))
"""


def in_spark_image(*arguments) -> str:
    command = [interpreter("spark"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def amp_world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    in_spark_image(HERE / "make_world.py", folder)
    return folder


def inputs(world: Path | str, store: str = "store", lake: str = "lake") -> list[str]:
    """Where lake and store are, as arguments."""
    groups = [each for group in GROUPS for each in ("--group", f"{group}={world}/{store}/{group}")]
    return ["--sessions", f"{world}/{lake}/session", "--shows", f"{world}/{lake}/show", *groups]


@pytest.fixture(scope="session")
def built(tmp_path_factory, amp_world, spark_job, jobs) -> dict[str, Outcome]:
    """``build_training_set.py`` on good and broken inputs; once from S3, by the names of feature groups."""
    plan = Plan(tmp_path_factory.mktemp("training-set"))

    def build(name: str, where: list[str], *options: str) -> None:
        plan.add(name, "build_training_set", *where, *OPTIONS, *options)

    build("good", inputs(amp_world))
    build("all candidates", inputs(amp_world), "--candidates", "100")
    build("few queries", inputs(amp_world), "--queries", "10", *SHORT)
    build("another seed", inputs(amp_world), "--seed", "7", *SHORT)
    fresh = ("--feature-days", "0", "--day", "2026-03-04")
    build("fresh features only", inputs(amp_world), *fresh, *SHORT)
    for broken in ("after", "before", "early", "missing", "column"):
        build(broken, inputs(amp_world, f"store-{broken}"))
    build("a day is missing", inputs(amp_world, lake="lake-missing"))
    build("before the first day", inputs(amp_world), "--day", "2026-03-01")
    with pytest.MonkeyPatch.context() as patch, LocalAws(plan.folder / "aws", IMAGES) as aws:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        names = uploaded(amp_world, aws.endpoint_url)
        build(
            "from s3", ["--sessions", "s3://curated/amp/session", "--shows", "s3://curated/amp/show", *names]
        )
        build("no such group", [*inputs(amp_world)[:-1], "user_creator=nobody"])
        return plan.run(spark_job, jobs / "amp_train")


def uploaded(world: Path, endpoint_url: str) -> list[str]:
    """Puts lake and store into S3 and makes the feature groups; arguments with their names."""
    s3 = boto3.client("s3", endpoint_url=endpoint_url)
    sagemaker = boto3.client("sagemaker", endpoint_url=endpoint_url)
    for bucket in ("curated", "features"):
        s3.create_bucket(Bucket=bucket)
    for path in (world / "lake").rglob("*.parquet"):
        s3.upload_file(str(path), "curated", f"amp/{path.relative_to(world / 'lake').as_posix()}")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
    role = boto3.client("iam", endpoint_url=endpoint_url).create_role(
        RoleName="jobs", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    arguments = []
    for group in GROUPS:
        name = f"local-main-amp-{group.replace('_', '-')}"
        sagemaker.create_feature_group(
            FeatureGroupName=name,
            RecordIdentifierFeatureName=group,
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[
                {"FeatureName": feature, "FeatureType": "String"} for feature in (group, "event_time")
            ],
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://features/offline"}},
            RoleArn=role,
        )
        config = sagemaker.describe_feature_group(FeatureGroupName=name)["OfflineStoreConfig"]
        prefix = config["S3StorageConfig"]["ResolvedOutputS3Uri"].removeprefix("s3://features/")
        for path in (world / "store" / group).rglob("*.parquet"):
            s3.upload_file(
                str(path), "features", f"{prefix}/{path.relative_to(world / 'store' / group).as_posix()}"
            )
        arguments += ["--group", f"{group}={name}"]
    return arguments


@pytest.fixture(scope="session")
def rows(built) -> dict[str, list[dict]]:
    """Rows of the good training set, by file."""
    return json.loads(in_spark_image("-c", TO_JSON, built["good"].output))


@pytest.fixture(scope="session")
def all_rows(built) -> dict[str, list[dict]]:
    """Rows of the training set with every candidate, by file."""
    return json.loads(in_spark_image("-c", TO_JSON, built["all candidates"].output))


@pytest.fixture(scope="session")
def shipped(tmp_path_factory) -> Path:
    """What ships with the pipeline's jobs."""
    folder = tmp_path_factory.mktemp("code")
    code().write(folder)
    return folder


@pytest.fixture(scope="session")
def fitted(tmp_path_factory, built, sklearn_job, shipped) -> dict[str, Outcome]:
    """``train.py`` as script mode starts it."""
    plan = Plan(tmp_path_factory.mktemp("training"))

    def train(name: str, *options: str, channel: Path | None = None) -> None:
        channel = channel or built["good"].output / "train"
        model = ("--model_dir", plan.folder / name / "model")
        small = ("--trees", "40", "--min_samples_leaf", "5")
        plan.add(name, "train", "--train", channel, *model, *small, *options, output=False)

    train("good")
    train("again")
    train("another seed", "--seed", "7")
    train("weak", "--trees", "1", "--max_depth", "1")
    train("no rows", channel=plan.folder)
    plan.add("no channel", "train", output=False)
    return plan.run(sklearn_job, shipped)


def packed(outcome: Outcome, target: Path) -> Path:
    """A model's folder as SageMaker leaves it: ``model.tar.gz``."""
    target.mkdir(parents=True)
    with tarfile.open(target / "model.tar.gz", "w:gz") as tar:
        tar.add(outcome.output.parent / "model", ".")
    return target


@pytest.fixture(scope="session")
def measured(tmp_path_factory, built, fitted, sklearn_job, jobs) -> dict[str, Outcome]:
    """``evaluate.py`` on good and bad models."""
    plan = Plan(tmp_path_factory.mktemp("evaluation"))
    test = ("--test", built["good"].output / "test")
    good, weak = (packed(fitted[name], plan.folder / "archives" / name) for name in ("good", "weak"))
    broken = plan.folder / "archives" / "broken"
    broken.mkdir()
    (broken / "forest.npz").write_bytes(b"\x80\x04K\x01.")
    with tarfile.open(broken / "model.tar.gz", "w:gz") as tar:
        tar.add(broken / "forest.npz", "forest.npz")
    plan.add("alone", "evaluate", "--model", good, *test)
    plan.add("again", "evaluate", "--model", good, *test)
    plan.add("champion", "evaluate", "--model", good, "--champion", weak, *test)
    plan.add("broken champion", "evaluate", "--model", good, "--champion", broken, *test)
    plan.add("broken", "evaluate", "--model", broken, *test)
    plan.add("no rows", "evaluate", "--model", good, "--test", plan.folder / "archives")
    return plan.run(sklearn_job, jobs / "amp_train")


@pytest.fixture(scope="session")
def in_sklearn_image(shipped):
    """Runs a line of Python with the job's modules in the image; what it prints."""

    def run(lines: str, *arguments: str | Path, body: bytes = b"") -> str:
        path = os.pathsep.join(map(str, (shipped, IMAGE_CODE)))
        done = subprocess.run(
            [interpreter("sklearn"), "-c", lines, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            input=body,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run


IMAGE_CODE = HERE.parents[3] / "include" / "images"
