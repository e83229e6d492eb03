"""Training by several ranks: real Horovod over Gloo, on scikit-learn's digits."""

import json
import subprocess

import pytest

from tests.include.jobs.conftest import IMAGES, SHARED, interpreter
from tests.local.aws.sagemaker.account import Account
from tests.local.aws.sagemaker.horovod.jobs import CODE, JOB, Trainings


@pytest.fixture(scope="module")
def images():
    """Shared with `make run`, so that Horovod is built once."""
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The images of the repository."""
    return {}


@pytest.fixture(scope="module")
def account(server):
    account = Account(server.endpoint_url).furnish()
    account.put("code/sourcedir.tar.gz", CODE.archive())
    return account


@pytest.fixture(scope="module")
def sharded(account, tmp_path_factory):
    """Puts the digits into S3 for so many ranks, once; what the sharding measured of them."""
    found = {}

    def shards(ranks):
        if ranks not in found:
            folder = tmp_path_factory.mktemp(f"shards-{ranks}")
            found[ranks] = shard(folder, f"s3://{account.bucket}/shards/{ranks}/train", ranks)
            for file in (path for path in folder.rglob("*") if path.is_file()):
                account.put(f"shards/{ranks}/{file.relative_to(folder).as_posix()}", file.read_bytes())
        return found[ranks]

    return shards


@pytest.fixture(scope="module")
def trainings(account, sharded):
    return Trainings(account, sharded)


def shard(folder, prefix, ranks):
    command = [interpreter("horovod"), JOB / "shard.py", "--digits"]
    command += ["--output", folder, "--prefix", prefix, "--ranks", str(ranks)]
    environment = {"PYTHONPATH": str(SHARED), "SAGEMAKER_BASE_DIR": str(folder)}
    subprocess.run(command, env=environment, check=True)
    return json.loads((folder / "sharding" / "metrics.json").read_text())
