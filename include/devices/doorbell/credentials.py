"""AWS credentials of a device that has a certificate and no keys.

The credentials provider of AWS IoT gives them to whoever holds the certificate's key, for an hour.
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
"""

import json
from dataclasses import dataclass
from pathlib import Path

import boto3
import urllib3
from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials
from botocore.session import get_session
from urllib3.util import Timeout

TIMEOUT = Timeout(connect=5, read=10)
OK = 200


class DeviceCredentialsError(RuntimeError):
    """The credentials provider does not answer, or refuses; the message says which."""


@dataclass(frozen=True)
class Device:
    """Who the device is to AWS IoT, and where its certificate is."""

    endpoint: str
    """Of the credentials provider: ``<prefix>.credentials.iot.<region>.amazonaws.com``."""
    thing: str
    role_alias: str
    certificate: Path
    key: Path
    authorities: Path
    """Certificates of the authorities that may vouch for the endpoint, such as AmazonRootCA1.pem."""


class IotProvider(CredentialProvider):
    """What botocore asks for credentials, and asks again some minutes before they expire."""

    METHOD = "iot-credentials-provider"
    CANONICAL_NAME = "IotCredentialsProvider"

    def __init__(self, device: Device) -> None:
        super().__init__()
        self._device = device
        self._connections = urllib3.PoolManager(
            cert_file=str(device.certificate),
            key_file=str(device.key),
            ca_certs=str(device.authorities),
            cert_reqs="CERT_REQUIRED",
            timeout=TIMEOUT,
            retries=False,
        )

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that are asked for when first used, and renew themselves.

        Not before: a doorbell may start without a network. Their use raises `DeviceCredentialsError`.
        """
        return DeferredRefreshableCredentials(self._fetch, self.METHOD)

    def _fetch(self) -> dict[str, str]:
        device = self._device
        address = f"https://{device.endpoint}/role-aliases/{device.role_alias}/credentials"
        try:
            answer = self._connections.request("GET", address, headers={"x-amzn-iot-thingname": device.thing})
        except urllib3.exceptions.HTTPError as error:
            raise DeviceCredentialsError(f"{address} does not answer: {error}") from error
        if answer.status != OK:
            # A refusal has no secrets in it.
            reason = answer.data[:500].decode(errors="replace")
            raise DeviceCredentialsError(f"{address} answers {answer.status}: {reason}")
        given = json.loads(answer.data)["credentials"]
        return {
            "access_key": given["accessKeyId"],
            "secret_key": given["secretAccessKey"],
            "token": given["sessionToken"],
            "expiry_time": given["expiration"],
        }


def session(device: Device, region: str) -> boto3.Session:
    """A boto3 session that has the device's credentials and looks for no others."""
    inner = get_session()
    chain = inner.get_component("credential_provider")
    chain.providers = [IotProvider(device)]
    return boto3.Session(botocore_session=inner, region_name=region)
