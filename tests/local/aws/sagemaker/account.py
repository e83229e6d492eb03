"""An AWS account to test in."""

import json
import time

import boto3
from botocore.config import Config

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tiny:1"
ENDED = ("Completed", "Failed", "Stopped", "InService")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


class Account:
    """An account of the local AWS with a role and a bucket, and short ways to start things in it."""

    bucket = "jobs"

    def __init__(self, endpoint_url: str) -> None:
        for service in ("s3", "sagemaker", "logs", "iam", "sqs", "events"):
            setattr(self, service, self.client(service, endpoint_url))
        self.runtime = self.client("sagemaker-runtime", endpoint_url)

    @staticmethod
    def client(service, endpoint_url):
        config = Config(parameter_validation=False, retries={"max_attempts": 1})
        return boto3.client(service, endpoint_url=endpoint_url, region_name="us-east-1", config=config)

    def furnish(self):
        self.role = self.iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        self.s3.create_bucket(Bucket=self.bucket)
        return self

    def furnish_role(self):
        """The role of an account that was furnished before."""
        self.role = self.iam.get_role(RoleName="jobs")["Role"]["Arn"]

    def put(self, key, body=b"x"):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def processing_request(self, name, code, *, inputs=(), outputs=(), **changes):
        """A job that runs `code`; inputs are (name, URI), outputs are (name, URI, mode)."""
        base = "/opt/ml/processing"
        inputs = [*inputs, ("code", self.put(f"code/{name}/main.py", code.encode()))]
        return {
            "ProcessingJobName": name,
            "RoleArn": self.role,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python", f"{base}/code/main.py"],
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
            },
            "ProcessingInputs": [
                {
                    "InputName": i,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"{base}/{i}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for i, uri in inputs
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": o,
                        "S3Output": {"S3Uri": uri, "LocalPath": f"{base}/{o}", "S3UploadMode": mode},
                    }
                    for o, uri, mode in outputs
                ]
            },
            **changes,
        }

    def training_request(self, name, code="", *, channels=(), **changes):
        """A job of the image that runs `code` with `base` as /opt/ml; channels are (name, URI)."""
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"code": code},
            "InputDataConfig": [
                {"ChannelName": c, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
                for c, uri in channels
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **changes,
        }
        return {name: value for name, value in request.items() if value != []}

    def transform_request(self, name, model, uri, *, lines=True, **changes):
        """A job that sends what is below `uri` to the model, line by line or whole."""
        whole = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
        return {
            "TransformJobName": name,
            "ModelName": model,
            "BatchStrategy": "SingleRecord",
            "TransformInput": {
                **whole,
                "ContentType": "text/csv",
                **({"SplitType": "Line"} if lines else {}),
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/out/{name}",
                "AssembleWith": "Line" if lines else "None",
            },
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
            **changes,
        }

    def tuning_request(self, name, code, ranges, *, jobs=4, parallel=2, strategy="Random", **config):
        """A job that minimizes the `loss` that `code` prints; it finds its hyperparameters in `hp`."""
        prepare = "import json; hp = json.loads((base / 'input/config/hyperparameters.json').read_text())\n"
        training = self.training_request(name, prepare + code)
        definition = ("RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
        metric = {"Name": "loss", "Regex": "loss=([-0-9.e]+)"}
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": strategy,
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
                "ParameterRanges": ranges,
                **config,
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": training["HyperParameters"],
                "AlgorithmSpecification": {
                    **training["AlgorithmSpecification"],
                    "MetricDefinitions": [metric],
                },
                **{field: training[field] for field in definition},
            },
        }

    def process(self, name, code, **options):
        self.sagemaker.create_processing_job(**self.processing_request(name, code, **options))
        return self.processed(name)

    def train(self, name, code="", **options):
        self.sagemaker.create_training_job(**self.training_request(name, code, **options))
        return self.trained(name)

    def processed(self, name):
        describe = self.sagemaker.describe_processing_job
        return until(lambda: describe(ProcessingJobName=name), lambda d: d["ProcessingJobStatus"] in ENDED)

    def trained(self, name):
        describe = self.sagemaker.describe_training_job
        return until(lambda: describe(TrainingJobName=name), lambda d: d["TrainingJobStatus"] in ENDED)

    def transformed(self, name):
        describe = self.sagemaker.describe_transform_job
        return until(lambda: describe(TransformJobName=name), lambda d: d["TransformJobStatus"] in ENDED)

    def tuned(self, name):
        describe = self.sagemaker.describe_hyper_parameter_tuning_job
        return until(
            lambda: describe(HyperParameterTuningJobName=name),
            lambda d: d["HyperParameterTuningJobStatus"] in ENDED,
        )

    def served(self, name):
        describe = self.sagemaker.describe_endpoint
        return until(lambda: describe(EndpointName=name), lambda d: d["EndpointStatus"] in ENDED)

    def log(self, group, prefix):
        """Like `lines`; empty before the group exists."""
        try:
            return self.lines(group, prefix)
        except self.logs.exceptions.ResourceNotFoundException:
            return []

    def lines(self, group, prefix):
        """The messages of all streams of a log group whose name begins with `prefix`."""
        found = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
        messages = []
        for stream in found:
            token = None
            while True:
                paging = {"nextToken": token} if token else {}
                name = stream["logStreamName"]
                answer = self.logs.get_log_events(
                    logGroupName=group, logStreamName=name, startFromHead=True, **paging
                )
                messages += [event["message"] for event in answer["events"]]
                if answer["nextForwardToken"] == token or not answer["events"]:
                    break
                token = answer["nextForwardToken"]
        return messages


def until(look, good, seconds=60.0):
    """What `look` gives as soon as it is `good`."""
    give_up = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < give_up, f"still {found!r} after {seconds} s"
        time.sleep(0.05)
    return found
