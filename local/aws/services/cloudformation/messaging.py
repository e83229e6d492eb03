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

from local.aws.services.cloudformation.attachment import Attachment, Properties

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


class Topic(sns.Topic):
    """moto replaces a topic to update it, which loses its subscriptions."""

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> sns.Topic:
        topic: sns.Topic = super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        configure(topic, cloudformation_json["Properties"])
        return topic

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> sns.Topic:
        properties = cloudformation_json["Properties"]
        if properties.get("TopicName", original_resource.name) != original_resource.name:
            replaced: sns.Topic = super().update_from_cloudformation_json(
                original_resource, new_resource_name, cloudformation_json, account_id, region_name
            )
            return replaced
        configure(original_resource, properties)
        topic: sns.Topic = original_resource
        return topic


def configure(topic: sns.Topic, properties: Properties) -> None:
    """Puts attributes and tags in force."""
    for name, attribute in TOPIC_ATTRIBUTES.items():
        setattr(topic, attribute, properties.get(name, ""))
    topic._tags = tags_from_cloudformation_tags_list(properties.get("Tags", []))  # noqa: SLF001  # moto has no setter


class Queue(sqs.Queue):
    """moto updates two of a queue's attributes only."""

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> sqs.Queue:
        properties = cloudformation_json["Properties"]
        queue: sqs.Queue = super().create_from_cloudformation_json(
            resource_name,
            cloudformation_json | {"Properties": _encryption(properties) | properties},
            account_id,
            region_name,
            **kwargs,
        )
        return queue

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> sqs.Queue:
        properties = dict(cloudformation_json["Properties"])
        backend = sqs_backends[account_id][region_name]
        if properties.pop("QueueName", original_resource.name) != original_resource.name:
            backend.delete_queue(original_resource.name)
            replaced: sqs.Queue = cls.create_from_cloudformation_json(
                new_resource_name, cloudformation_json, account_id, region_name
            )
            return replaced
        tags = tags_from_cloudformation_tags_list(properties.pop("Tags", []))
        # To set attributes without the policy takes it away in moto; it is a resource of its own here.
        kept = {"Policy": original_resource.policy}
        queue: sqs.Queue = backend.set_queue_attributes(
            original_resource.name, QUEUE_DEFAULTS | _encryption(properties) | properties | kept
        )
        queue.tags = tags
        return queue


def _encryption(properties: Properties) -> Properties:
    """A queue with a key of KMS has none of SQS's own."""
    return {"SqsManagedSseEnabled": "KmsMasterKeyId" not in properties}


class TopicPolicy(Attachment):
    """``AWS::SNS::TopicPolicy``."""

    resource_type = "AWS::SNS::TopicPolicy"

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
    """``AWS::SNS::Subscription``; its attributes can change, its topic and endpoint cannot."""

    resource_type = "AWS::SNS::Subscription"
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
