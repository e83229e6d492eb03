"""An AWS account with a virtual cluster to run Spark in."""

import gzip
import json
import time

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "123456789012"
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
TRUST = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Account:
    """Clients, a bucket, a role, a virtual cluster, and short ways to start job runs."""

    bucket = "lake"

    def __init__(self, endpoint_url, image=None):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        for service in ("s3", "iam", "logs", "sqs", "events"):
            client = boto3.client(service, endpoint_url=endpoint_url, region_name=REGION, config=config)
            setattr(self, service, client)
        self.emr = boto3.client(
            "emr-containers", endpoint_url=endpoint_url, region_name=REGION, config=config
        )
        self.endpoint_url, self.image = endpoint_url, image
        self.role = f"arn:aws:iam::{ACCOUNT}:role/spark"

    def furnish(self):
        self.iam.create_role(RoleName="spark", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))
        self.s3.create_bucket(Bucket=self.bucket)
        self.cluster = self.new_cluster("spark")
        return self

    def new_cluster(self, namespace, **changes):
        provider = {"type": "EKS", "id": "eks", "info": {"eksInfo": {"namespace": namespace}}}
        request = {"name": namespace, "containerProvider": provider, "clientToken": namespace}
        return self.emr.create_virtual_cluster(**request | changes)["id"]

    def put(self, key, body):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def request(self, name, code="", /, *, arguments=(), parameters=None, image=None, **changes):
        """A job run whose script is `code`."""
        submit = {"entryPoint": self.put(f"code/{name}.py", code), "entryPointArguments": list(arguments)}
        if parameters:
            submit["sparkSubmitParameters"] = parameters
        image = image or self.image
        properties = {"spark.kubernetes.container.image": image} if image else {}
        request = {
            "name": name,
            "virtualClusterId": self.cluster,
            "clientToken": f"token-{name}",
            "executionRoleArn": self.role,
            "releaseLabel": "emr-7.9.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": submit},
            "configurationOverrides": {
                "applicationConfiguration": [{"classification": "spark-defaults", "properties": properties}],
                "monitoringConfiguration": {
                    "cloudWatchMonitoringConfiguration": {
                        "logGroupName": "/spark", "logStreamNamePrefix": "logs",
                    },
                    "s3MonitoringConfiguration": {"logUri": f"s3://{self.bucket}/logs/"},
                },
            },
        }  # fmt: skip
        return {k: v for k, v in (request | changes).items() if v is not None}

    def start(self, name, code="", /, **changes):
        return self.emr.start_job_run(**self.request(name, code, **changes))["id"]

    def describe(self, id_):
        return self.emr.describe_job_run(virtualClusterId=self.cluster, id=id_)["jobRun"]

    def cancel(self, id_):
        return self.emr.cancel_job_run(virtualClusterId=self.cluster, id=id_)

    def ended(self, id_):
        """The description when the job run has ended."""
        return until(lambda: self.describe(id_), lambda job: job["state"] in ENDED)

    def lines(self, id_, part):
        """What CloudWatch has of a stream of the driver."""
        stream = f"logs/{self.cluster}/jobs/{id_}/containers/spark-{id_}/spark-{id_}-driver/{part}"
        events = self.logs.get_log_events(logGroupName="/spark", logStreamName=stream)["events"]
        return [event["message"] for event in events]

    def packed(self, id_, part):
        """What S3 has of it."""
        folder = f"logs/{self.cluster}/jobs/{id_}/containers/spark-{id_}/spark-{id_}-driver"
        return gzip.decompress(self.get(f"{folder}/{part}.gz")).decode().splitlines()


def until(look, good, seconds=90.0):
    """What `look` gives as soon as it is `good`."""
    give_up = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < give_up, f"still {found!r} after {seconds} s"
        time.sleep(0.05)
    return found
