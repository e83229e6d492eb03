"""The sharding as the pipeline asks for it, of images that a manifest lists."""

import json
from dataclasses import replace

import pytest

from include.pipelines import horovod_training as spec
from tests.include.pipelines.test_horovod_training import PARAMS

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once


@pytest.fixture
def sharding(account, run):
    """Shards what a manifest lists below the shards of two ranks; the job and where its metrics are."""
    settings = run.settings.model_copy(update={"bucket": account.bucket, "role_arn": account.role})

    def of(name, listed):
        body = [{"prefix": f"s3://{account.bucket}/shards/2/train/"}, *listed]
        uri = account.put(f"lists/{name}.manifest", json.dumps(body).encode())
        params = {**PARAMS, "ranks": 2, "training_instance_type": "ml.m5.xlarge", "input_uri": uri}
        asked = replace(run, settings=settings, dag_id="horovod_training", run_id=name, params=params)
        job = spec.sharding(asked)
        for bundle in job.bundles():
            for path, content in bundle.files.items():
                account.put(key(f"{asked.code_uri(bundle.digest)}/files/{path}"), content)
        request = {**job.request(asked), "ProcessingJobName": name}
        account.sagemaker.create_processing_job(**request)
        return account.processed(name), asked.uri("sharding", "metrics.json")

    return of


def key(uri):
    """Of an object in the account's bucket."""
    return uri.partition("://")[2].partition("/")[2]


def test_the_images_are_those_that_the_manifest_lists(account, sharded, sharding):
    whole = sharded(2)["train_records"]
    first = [each.removeprefix("shards/2/train/") for each in account.keys("shards/2/train/0/")]
    job, metrics = sharding("listed", first)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    # A shard has half of the records, or one more.
    assert json.loads(account.get(key(metrics)))["records"] in (whole // 2, whole // 2 + 1)
    job, _ = sharding("listed-missing", [*first, "0/gone.tfrecord"])
    assert "/shards/2/train/0/gone.tfrecord" in job["FailureReason"]
