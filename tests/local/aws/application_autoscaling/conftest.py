import pytest

from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, Account


@pytest.fixture(scope="module")
def variables():
    """A minute lasts a fifth of a second."""
    return {"MILLRACE_IMAGE_SOURCES": IMAGE_SOURCES, "MILLRACE_AUTOSCALING_MINUTE": 0.2}


@pytest.fixture(scope="module")
def account(server):
    """An account with a model."""
    account = Account(server.endpoint_url).furnish()
    account.autoscaling = account.client("application-autoscaling", server.endpoint_url)
    account.train("model")
    data = f"s3://{account.bucket}/models/model/output/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": data}
    account.sagemaker.create_model(
        ModelName="model", ExecutionRoleArn=account.role, PrimaryContainer=container
    )
    return account
