"""An account in which people review."""

import json
from functools import partial

import boto3
from botocore.config import Config

from local.aws.services import review
from tests.local.aws.sagemaker.account import TRUST, until

ENDED = ("Completed", "Failed", "Stopped")
MEMBERS = [
    {"CognitoMemberDefinition": {"UserPool": "us-east-1_people", "UserGroup": "scribes", "ClientId": "c"}}
]
TEMPLATE = "<crowd-form>{{ task.input.heard }}</crowd-form>"


class ReviewAccount:
    """Has a role, a bucket, a work team and a task UI; starts human loops and answers them."""

    bucket = "answers"

    def __init__(self, endpoint_url):
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        client = partial(boto3.client, endpoint_url=endpoint_url, region_name="us-east-1", config=config)
        self.sagemaker, self.a2i = client("sagemaker"), client("sagemaker-a2i-runtime")
        self.s3, self.sqs, self.events = client("s3"), client("sqs"), client("events")
        self.iam, self.kms = client("iam"), client("kms")
        self.workers = {}

    def furnish(self):
        self.role = self.iam.create_role(RoleName="a2i", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        self.s3.create_bucket(Bucket=self.bucket)
        self.team = self.sagemaker.create_workteam(
            WorkteamName="scribes", Description="They listen", MemberDefinitions=MEMBERS
        )["WorkteamArn"]
        self.ui = self.sagemaker.create_human_task_ui(
            HumanTaskUiName="listen", UiTemplate={"Content": TEMPLATE}
        )["HumanTaskUiArn"]
        return self

    def flow_request(self, name, output=None, **loop):
        return {
            "FlowDefinitionName": name,
            "RoleArn": self.role,
            "OutputConfig": {"S3OutputPath": f"s3://{self.bucket}/reviews", **(output or {})},
            "HumanLoopConfig": {
                "WorkteamArn": self.team,
                "HumanTaskUiArn": self.ui,
                "TaskTitle": "Listen",
                "TaskDescription": "Type what you hear",
                "TaskCount": 1,
                **loop,
            },
        }

    def flow(self, name, output=None, **loop):
        """A flow definition that is active."""
        self.sagemaker.create_flow_definition(**self.flow_request(name, output, **loop))
        describe = partial(self.sagemaker.describe_flow_definition, FlowDefinitionName=name)
        return until(describe, lambda d: d["FlowDefinitionStatus"] == "Active")["FlowDefinitionArn"]

    def start(self, name, flow, content='{"heard": "annecy two"}'):
        request = {
            "HumanLoopName": name,
            "FlowDefinitionArn": flow,
            "HumanLoopInput": {"InputContent": content},
        }
        return self.a2i.start_human_loop(**request)["HumanLoopArn"]

    def describe(self, name):
        return self.a2i.describe_human_loop(HumanLoopName=name)

    def ended(self, name):
        return until(partial(self.describe, name), lambda d: d["HumanLoopStatus"] in ENDED)

    def worker(self, name):
        """The worker of this name, who is added if there is none yet."""
        if name not in self.workers:
            self.workers[name] = review.workers().known(name, review.workers().add(name))
        return self.workers[name]

    def claim(self, worker, loop_arn):
        """Claims the task of a loop; returns its id."""
        [id_] = [t.id for t in review.tasks().open_for(self.worker(worker)) if t.reference == loop_arn]
        return review.tasks().claim(self.worker(worker), id_).id

    def answer(self, worker, loop_arn, content):
        review.tasks().submit(self.worker(worker), self.claim(worker, loop_arn), content)

    def get(self, uri):
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return self.s3.get_object(Bucket=bucket, Key=key)
