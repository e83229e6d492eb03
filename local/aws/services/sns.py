"""SNS: signs with one key per process, and keeps of what was published only what it delivered to people."""

import base64
import json
import logging
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from moto.awslambda.models import lambda_backends
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.utilities.arns import parse_arn

from local.aws import deliveries
from local.aws.unsaved import NotKeptError

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)


NOTIFICATION = (
    "SignatureVersion",
    "Timestamp",
    "Signature",
    "SigningCertUrl",
    "MessageId",
    "Message",
    "MessageAttributes",
    "Type",
    "UnsubscribeUrl",
    "TopicArn",
    "Subject",
)
"""Members of what a function gets, which are spelled otherwise than in a message to a queue."""


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def get_post_data(
    self: Subscription,
    message: str,
    message_id: str,
    subject: str | None,
    message_attributes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The envelope of a message that is not delivered raw.

    The signature has AWS's form; its certificate cannot be fetched, as the URL is AWS's.
    """
    region = self.topic.sns_backend.region_name
    signed = {
        "Message": message,
        "MessageId": message_id,
        **({"Subject": subject} if subject else {}),
        "Timestamp": iso_8601_datetime_with_milliseconds(),
        "TopicArn": self.topic.arn,
        "Type": "Notification",
    }
    text = "".join(f"{name}\n{value}\n" for name, value in signed.items())
    signature = _signing_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    host = f"https://sns.{region}.amazonaws.com"
    return {
        **signed,
        **({"MessageAttributes": message_attributes} if message_attributes else {}),
        "SignatureVersion": "2",
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": f"{host}/SimpleNotificationService-{uuid4().hex}.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={self.arn}",
    }


_publish = Subscription.publish


def publish(self: Subscription, message: str, message_id: str, *args: Any, **options: Any) -> None:
    """Moto's delivery, but a subscriber that is gone takes nothing from the others.

    A message that its queue could not keep is not published: SNS would try for weeks.

    Moto also takes the text ``"false"`` for a request of raw delivery.
    """
    if str(self.attributes.get("RawMessageDelivery", "")).lower() == "false":
        del self.attributes["RawMessageDelivery"]
    try:
        if self.protocol == "lambda":
            _invoke(self, message, message_id, **options)
            return
        _publish(self, message, message_id, *args, **options)
        if self.protocol in deliveries.PROTOCOLS:
            _keep(self, message, message_id, **options)
    except NotKeptError:
        raise
    except Exception as error:  # whatever the subscriber's service raises
        log.warning("Message %s did not reach %s: %s", message_id, self.endpoint, error)


def _keep(
    subscription: Subscription, message: str, message_id: str, *, subject: str | None = None, **options: Any
) -> None:
    text = _accepted(subscription, message, **options)
    if text is not None:
        deliveries.keep(
            subscription.topic.sns_backend,
            subscription.protocol,
            subscription.endpoint,
            text,
            message_id,
            subject=subject,
            topic=subscription.topic.arn,
        )


def _invoke(
    subscription: Subscription, message: str, message_id: str, *, subject: str | None = None, **options: Any
) -> None:
    """Hands a function the event that AWS describes; moto's is an example.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    text = _accepted(subscription, message, **options)
    if text is None:
        return
    sent = subscription.get_post_data(text, message_id, subject, options.get("message_attributes"))
    notification = sent | {
        "Subject": subject,
        "MessageAttributes": options.get("message_attributes") or {},
        "SigningCertUrl": sent["SigningCertURL"],
        "UnsubscribeUrl": sent["UnsubscribeURL"],
    }
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "EventSource": "aws:sns",
        "Sns": {name: value for name, value in notification.items() if name in NOTIFICATION},
    }
    arn = parse_arn(subscription.endpoint)
    functions: Any = lambda_backends[arn.account][arn.region]
    functions.invoke(subscription.endpoint, None, json.dumps({"Records": [record]}), {}, {})


def _accepted(
    subscription: Subscription,
    message: str,
    *,
    message_attributes: dict[str, Any] | None = None,
    message_structure: str | None = None,
    **_: Any,
) -> str | None:
    """The text for a subscriber, None if it gets none: moto's own rules, which it applies to others only."""
    accepts = subscription._filter_policy_matcher  # noqa: SLF001
    if accepts is not None and not accepts.matches(message_attributes, message):
        return None
    if message_structure == "json":
        return subscription._parse_message_structure(message, subscription.protocol)  # noqa: SLF001
    return message


_publish_to_arn_or_number = SNSBackend.publish


def publish_to_arn_or_number(
    self: SNSBackend, message: str, arn: str | None, phone_number: str | None = None, **options: Any
) -> str:
    """Moto's, but a text to a number is kept with its time, and moto's own copies of it are not."""
    message_id: str = _publish_to_arn_or_number(self, message, arn, phone_number, **options)
    if phone_number:
        deliveries.keep(self, "sms", phone_number, message, message_id, subject=options.get("subject"))
        self.sms_messages.clear()
        self.sms_message_objects.clear()
    return message_id


_publish_batch = SNSBackend.publish_batch


def publish_batch(
    self: SNSBackend, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Moto's, but what failed for another reason than its parameters is among the failed."""
    successful, failed = _publish_batch(self, topic_arn, publish_batch_request_entries)
    told = {each["Id"] for each in (*successful, *failed)}
    message = "The message could not be published: see the server's log."
    failed += [
        {"Id": each["Id"], "Code": "InternalError", "Message": message, "SenderFault": False}
        for each in publish_batch_request_entries
        if each["Id"] not in told
    ]
    return successful, failed


def install(_aws: "LocalAws") -> None:
    """Replaces the envelope (moto makes a certificate per message) and the history (it only grows)."""
    Subscription.get_post_data = get_post_data  # type: ignore[method-assign]
    Subscription.publish = publish  # type: ignore[method-assign]
    SNSBackend.publish = publish_to_arn_or_number  # type: ignore[assignment, method-assign]
    SNSBackend.publish_batch = publish_batch  # type: ignore[method-assign]
    Topic.sent_notifications = property(lambda _: [], lambda _, __: None)  # type: ignore[assignment]
