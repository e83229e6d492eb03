"""Topics, queues, subscriptions, and policies of topics and queues."""

import json
from typing import Any

from moto.core.utils import tags_from_cloudformation_tags_list
from moto.sns import models as sns
from moto.sns.models import sns_backends
from moto.sqs import models as sqs
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.models import sqs_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import Properties, Resource

TOPIC_ATTRIBUTES = {"DisplayName": "display_name", "KmsMasterKeyId": "kms_master_key_id"}

QUEUE_DEFAULTS: Properties = {
    "DelaySeconds": 0,
    "KmsDataKeyReusePeriodSeconds": 300,
    "KmsMasterKeyId": None,
    "MaximumMessageSize": MAXIMUM_MESSAGE_LENGTH,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "RedrivePolicy": {},
    "SqsManagedSseEnabled": True,
    "VisibilityTimeout": 30,
}
"""What a queue has of an attribute that its template no longer names."""


class Topic(Resource, sns.Topic):
    """moto replaces a topic to update it, which loses its subscriptions."""

    identity = ("TopicName",)

    @classmethod
    @override
    def configure(cls, made: sns.Topic, properties: Properties) -> None:
        for name, attribute in TOPIC_ATTRIBUTES.items():
            setattr(made, attribute, properties.get(name, ""))
        made._tags = tags_from_cloudformation_tags_list(properties.get("Tags", []))  # noqa: SLF001  # moto has no setter


class Queue(Resource, sqs.Queue):
    """moto updates two of a queue's attributes only."""

    identity = ("QueueName",)

    @classmethod
    @override
    def make(cls, name: str, properties: Properties, account: str, region: str) -> Any:
        return super().make(name, _encryption(properties) | properties, account, region)

    @classmethod
    @override
    def configure(cls, made: sqs.Queue, properties: Properties) -> None:
        named = {"QueueName", "Tags"}
        wanted = {name: value for name, value in properties.items() if name not in named}
        # To set attributes without the policy takes it away in moto; it is a resource of its own here.
        kept = {"Policy": made.policy}
        sqs_backends[made.account_id][made.region].set_queue_attributes(
            made.name, QUEUE_DEFAULTS | _encryption(properties) | wanted | kept
        )
        made.tags = tags_from_cloudformation_tags_list(properties.get("Tags", []))


def _encryption(properties: Properties) -> Properties:
    """A queue with a key of KMS has none of SQS's own."""
    return {"SqsManagedSseEnabled": "KmsMasterKeyId" not in properties}


class TopicPolicy(Attachment):
    """``AWS::SNS::TopicPolicy``."""

    resource_type = "AWS::SNS::TopicPolicy"
    identity = ("Topics",)

    @override
    def apply(self) -> None:
        text = json.dumps(self.properties["PolicyDocument"], default=str)
        for arn in self.properties["Topics"]:
            sns_backends[self.account][self.region].set_topic_attribute(arn, "policy", text)

    @override
    def remove(self) -> None:
        backend = sns_backends[self.account][self.region]
        for arn in self.properties["Topics"]:
            if topic := backend.topics.get(arn):
                default = topic._create_default_topic_policy  # noqa: SLF001  # what a new topic gets
                topic.policy = json.dumps(default(self.region, self.account, topic.name))


class QueuePolicy(Attachment):
    """``AWS::SQS::QueuePolicy``."""

    resource_type = "AWS::SQS::QueuePolicy"
    identity = ("Queues",)

    @override
    def apply(self) -> None:
        self._set(json.dumps(self.properties["PolicyDocument"], default=str))

    @override
    def remove(self) -> None:
        self._set("")

    def _set(self, text: str) -> None:
        backend = sqs_backends[self.account][self.region]
        for url in self.properties["Queues"]:
            name = url.rpartition("/")[2]
            if name in backend.queues:
                backend.set_queue_attributes(name, {"Policy": text})


class Subscription(Attachment):
    """``AWS::SNS::Subscription``."""

    resource_type = "AWS::SNS::Subscription"
    identity = ("TopicArn", "Endpoint", "Protocol")
    _arn = ""

    @property
    @override
    def physical_resource_id(self) -> str:
        return self._arn

    @override
    def apply(self) -> None:
        backend = sns_backends[self.account][self.region]
        wanted = self.properties
        if not self._arn:
            self._arn = backend.subscribe(wanted["TopicArn"], wanted["Endpoint"], wanted["Protocol"]).arn
        raw = str(wanted.get("RawMessageDelivery", False)).lower()
        backend.set_subscription_attributes(self._arn, "RawMessageDelivery", raw)
        for name in ("FilterPolicyScope", "FilterPolicy"):
            if name in wanted:
                value = wanted[name] if name == "FilterPolicyScope" else json.dumps(wanted[name])
                backend.set_subscription_attributes(self._arn, name, value)

    @override
    def remove(self) -> None:
        sns_backends[self.account][self.region].unsubscribe(self._arn)
