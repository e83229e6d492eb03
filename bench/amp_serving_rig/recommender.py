"""The recommender's endpoint in a local AWS: feature groups, the secret of Redis, the model, the endpoint."""

import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from bench.amp_serving_rig.modules import JOB, load
from include.pipelines import amp_batch_features, amp_train
from include.run import Run
from include.settings import Settings

BUCKET, NAME, SECRET = "recommender", "recommender", "redis-url"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
PARAMS = {
    "feature_days": 7,
    "store_milliseconds": 100,
    "endpoint_instance_type": "ml.m5.large",
    "min_instances": 1,
    "max_instances": 1,
    "invocations_per_minute": 1000,
    "target_utilisation": 0.7,
}
RECORDS_AT_ONCE = 25
"""Of BatchWriteRecord."""
PATIENCE = 300
"""Seconds until the endpoint serves."""


class Recommender:
    """An endpoint, and what it asks; made as the pipelines make them.

    Args:
        endpoint_url: of the local AWS.
        redis_url: what the secret says; None for an endpoint without one.
        params: of the run that deploys it, where they differ from `PARAMS`.
    """

    def __init__(self, endpoint_url: str, redis_url: str | None, **params: Any) -> None:
        self._url = endpoint_url
        self.sagemaker, self.secrets = self.client("sagemaker"), self.client("secretsmanager")
        self.runtime, self.store = (
            self.client("sagemaker-runtime"),
            self.client("sagemaker-featurestore-runtime"),
        )
        made = self.client("iam").create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST))
        arn = self.secrets.create_secret(Name=SECRET, SecretString=redis_url)["ARN"] if redis_url else None
        topic = "arn:aws:sns:us-east-1:123456789012:topic"
        settings = Settings(
            bucket=BUCKET,
            role_arn=made["Role"]["Arn"],
            events_topic_arn=topic,
            failures_topic_arn=topic,
            redis_secret_arn=arn,
        )
        now = datetime.now(UTC)
        self.run = Run(settings, "amp_train", "manual__1", now, PARAMS | params)

    def client(self, service: str) -> Any:
        """One that does not try again."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # the name is the caller's
            endpoint_url=self._url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=100),
        )

    def make_groups(self) -> None:
        """The five feature groups, online only."""
        for group in amp_train.GROUPS:
            definition = replace(amp_batch_features.feature_group(self.run, group), offline=None)
            request = definition.request(self.run)
            self.sagemaker.create_feature_group(FeatureGroupName=definition.group_name, **request)
        for group in amp_train.GROUPS:
            self._wait("feature_group", FeatureGroupName=amp_train.feature_group(self.run, group))

    def put(self, group: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes records of a group."""
        entries = [
            {
                "FeatureGroupName": amp_train.feature_group(self.run, group),
                "Record": [
                    {"FeatureName": name, "ValueAsString": str(value)} for name, value in record.items()
                ],
            }
            for record in records
        ]
        for start in range(0, len(entries), RECORDS_AT_ONCE):
            answer = self.store.batch_write_record(Entries=entries[start : start + RECORDS_AT_ONCE])
            if answer["Errors"]:
                raise RuntimeError(f"Feature Store refuses {answer['Errors'][0]}")

    def deploy(self, forest: bytes, name: str = NAME, **environment: str) -> None:
        """Serves a forest and the code that ships with one, in this environment and that of the pipeline."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=f"{name}/model.tar.gz", Body=_archive(forest))
        endpoint = amp_train.endpoint(self.run, f"s3://{BUCKET}/{name}/model.tar.gz")
        endpoint = replace(endpoint, environment={**endpoint.environment, **environment})
        self.sagemaker.create_model(**endpoint.model_request(self.run, name))
        self.sagemaker.create_endpoint_config(**endpoint.config_request(self.run, name))
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        described = self._wait("endpoint", EndpointName=name)
        if described["EndpointStatus"] != "InService":
            raise RuntimeError(f"The endpoint does not serve: {described.get('FailureReason')}")

    def ask(self, user: str, name: str = NAME, **fields: Any) -> dict[str, Any]:
        """The answer to a request."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=name,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"user_id": user, **fields}).encode(),
        )
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found

    def _wait(self, what: str, **name: str) -> dict[str, Any]:
        """Until it is no longer being created."""
        deadline = time.monotonic() + PATIENCE
        describe = getattr(self.sagemaker, f"describe_{what}")
        while True:
            described: dict[str, Any] = describe(**name)
            status = described.get("EndpointStatus") or described["FeatureGroupStatus"]
            if status != "Creating":
                return described
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} is {status} after {PATIENCE} seconds")
            time.sleep(0.05)


def _archive(forest: bytes) -> bytes:
    """``model.tar.gz``, as ``train.py`` leaves it."""
    shipped = amp_train.code().files
    files = {"forest.npz": forest}
    files |= {
        f"code/{name}": shipped[name] for name in load(JOB, names=["serving_files"]).serving_files.SERVING
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
