"""Trainings with Horovod on a local AWS of their own."""

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from bench.abalone_spark import IMAGES, KEY
from include.bundles import JOBS, Bundle
from include.horovod import HorovodTraining
from include.run import Run
from include.settings import Settings
from local.aws.runtime.images import ImageStore
from local.aws.server import ACCOUNT_ID, LocalAws

BUCKET = "bench"
SETTINGS = Settings(
    bucket=BUCKET,
    role_arn=f"arn:aws:iam::{ACCOUNT_ID}:role/bench",
    events_topic_arn=f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:bench",
    failures_topic_arn=f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:bench",
)
RUN = Run(SETTINGS, "bench", "manual__1", datetime(2026, 1, 1, tzinfo=UTC), {})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ENDED = ("Completed", "Failed", "Stopped")
LOOK_SECONDS = 0.2


class Trainings:
    """A local AWS with what trainings need."""

    def __init__(self, aws: LocalAws) -> None:
        session = boto3.Session(
            KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        self.aws = aws
        self.s3 = session.client("s3", endpoint_url=aws.endpoint_url)
        self.sagemaker = session.client("sagemaker", endpoint_url=aws.endpoint_url)
        iam = session.client("iam", endpoint_url=aws.endpoint_url)
        iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.s3.create_bucket(Bucket=BUCKET)

    def run(self, name: str, training: HorovodTraining, look: Callable[[], None] | None = None) -> float:
        """Runs a training; when it was asked for, in seconds since 1970.

        Args:
            name: of the job.
            training: what to run.
            look: called again and again while it runs.

        Raises:
            SystemExit: it failed.
        """
        for bundle in training.bundles():
            key = f"{RUN.code_uri(bundle.digest)}/sourcedir.tar.gz".removeprefix(f"s3://{BUCKET}/")
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=bundle.archive())
        asked = time.time()
        self.sagemaker.create_training_job(TrainingJobName=name, **training.request(RUN))
        while (job := self.sagemaker.describe_training_job(TrainingJobName=name))[
            "TrainingJobStatus"
        ] not in ENDED:
            if look:
                look()
            time.sleep(LOOK_SECONDS)
        if job["TrainingJobStatus"] != "Completed":
            raise SystemExit(f"{name} {job['TrainingJobStatus']}: {job.get('FailureReason')}")
        return asked

    def left(self, output: str, name: str, file: str, archive: str = "model") -> Any:
        """A JSON document that a training left."""
        key = f"{output}/{name}/output/{archive}.tar.gz".removeprefix(f"s3://{BUCKET}/")
        content = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return json.load(tar.extractfile(file) or io.BytesIO(b"null"))

    def folder(self, name: str) -> Path:
        """Where a training has its files while it runs."""
        return self.aws.home / "jobs" / "training" / name


@contextmanager
def trainings(scratch: Path) -> Iterator[Trainings]:
    """Trainings that run for as long as the context lasts."""
    with LocalAws(home=scratch / "aws", images=IMAGES) as aws:
        yield Trainings(aws)


def in_image(script: Path, *arguments: str | Path) -> None:
    """Runs a script with the modules of the Horovod job. Raises `CalledProcessError`."""
    store = ImageStore(IMAGES)
    python = store.ensure(store.resolve("horovod")) / "bin" / "python"
    modules = os.pathsep.join(str(JOBS / name) for name in ("horovod_training", "shared"))
    command = [str(python), str(script), *map(str, arguments)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": modules}, check=True, stdout=subprocess.DEVNULL)


def code(*files: Path) -> Bundle:
    """The job's, with further files."""
    return Bundle(
        {**Bundle.of_job("horovod_training", "vision").files, **{f.name: f.read_bytes() for f in files}}
    )
