"""Starts trainings with Horovod and reads what they leave."""

import io
import json
import tarfile

import httpx

from include.bundles import Bundle
from include.horovod import HorovodData
from tests.include.jobs.conftest import SHARED
from tests.local.aws.sagemaker.account import ENDED, until

GROUP = "/aws/sagemaker/TrainingJobs"
JOB = SHARED.parent / "horovod_training"
CODE = Bundle.of_job("horovod_training", "vision")
HOROVOD = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/horovod:latest"
EPOCHS = 2
STALL_SECONDS = 10
PATIENCE = 240.0
"""Trainings take seconds alone; four test processes at a time take longer."""


class Trainings:
    """Trainings in an account, on shards that are made as they are asked for."""

    def __init__(self, account, sharded):
        self.account, self.sharded = account, sharded

    def start(self, name, *, ranks=2, hosts=1, shards=None, data=None, code=None, request=None, **changes):
        """Starts a training of ``ranks``.

        Args:
            name: of the job.
            ranks: as many as there are shards.
            hosts: that the ranks share.
            shards: prefix of the shards, those of so many ranks if there is none.
            data: fields of `HorovodData`.
            code: files that take the place of the job's own, or come to them.
            request: fields of the request.
            changes: hyperparameters.
        """
        account, facts = self.account, self.sharded(ranks)
        base = f"s3://{account.bucket}/{shards or f'shards/{ranks}'}"
        prefixes = {part: f"{base}/{part}" for part in ("train", "validation", "evaluation")}
        channels = HorovodData(**prefixes | {"shuffle_seed": 234} | (data or {})).channels(ranks)
        asked = account.training_request(name, **(request or {}))
        asked["InputDataConfig"] = [channel.request(key) for key, channel in channels.items()]
        archive = "code/sourcedir.tar.gz"
        if code:
            archive = f"code/{name}/sourcedir.tar.gz"
            account.put(archive, Bundle({**CODE.files, **code}).archive())
        hyperparameters = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{account.bucket}/{archive}",
            "ranks_per_host": ranks // hosts,
            "epochs": EPOCHS,
            "batch_size": 16,
            "records": facts["train_records"],
            "objects_per_shard": facts["objects_per_shard"],
            "image_channels": facts["channels"],
            "classes": facts["classes"],
            "stall_seconds": STALL_SECONDS,
            **changes,
        }
        asked["HyperParameters"] = {key: json.dumps(value) for key, value in hyperparameters.items()}
        asked["AlgorithmSpecification"]["TrainingImage"] = HOROVOD
        asked["ResourceConfig"]["InstanceCount"] = hosts
        account.sagemaker.create_training_job(**asked)

    def ended(self, name):
        """The description of a training, once it is over."""
        describe = self.account.sagemaker.describe_training_job
        return until(
            lambda: describe(TrainingJobName=name), lambda d: d["TrainingJobStatus"] in ENDED, PATIENCE
        )

    def train(self, name, **options):
        """The history of a training, which has to succeed: what came of each epoch."""
        self.start(name, **options)
        return self.history(name)

    def history(self, name):
        """That of a training which succeeds."""
        job = self.ended(name)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), self.lines(name))
        return self.left(name, "history.json")

    def failure(self, name, **options):
        """Why a training failed."""
        self.start(name, **options)
        job = self.ended(name)
        assert job["TrainingJobStatus"] == "Failed", self.lines(name)
        return job["FailureReason"]

    def left(self, name, file, archive="model"):
        """A document that a training left."""
        content = self.account.get(f"models/{name}/output/{archive}.tar.gz")
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return json.load(tar.extractfile(file))

    def lines(self, name):
        """Its log, as far as there is one."""
        return self.account.log(GROUP, f"{name}/")

    def interrupt(self, name):
        """Takes the capacity of a training on spot capacity away."""
        url = self.account.sagemaker.meta.endpoint_url
        httpx.post(f"{url}/_millrace/jobs/training/{name}/interrupt", trust_env=False).raise_for_status()

    def wait_for(self, name, text):
        """Waits for a line with this in it."""
        until(lambda: [line for line in self.lines(name) if text in line], bool, PATIENCE)
