"""``AWS::KMS::Key``, and keys that outlive a restart of the server."""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cryptography.hazmat.primitives import serialization
from moto.kms import models as kms
from moto.kms import utils
from moto.kms.models import kms_backends
from typing_extensions import override

from local.aws.services.cloudformation.resource import Properties, Resource

SYMMETRIC = "SYMMETRIC_DEFAULT"

_generate = utils.generate_private_key


class Key(Resource, kms.Key):
    """Moto loses a key that is updated, and keeps its policy in a form that the API cannot show."""

    @classmethod
    @override
    def make(cls, name: str, properties: Properties, account: str, region: str) -> kms.Key:
        backend = kms_backends[account][region]
        made = backend.create_key(
            policy=None, key_usage="ENCRYPT_DECRYPT", key_spec=SYMMETRIC, description="", tags=None
        )
        # Known beforehand, as the other names of a stack are, unless an earlier stack has left its key.
        known = str(uuid5(NAMESPACE_URL, name.rpartition("-")[0]))
        if known not in backend.keys:
            made.arn = made.arn.replace(made.id, known)
            backend.keys[known] = backend.keys.pop(made.id)
            made.id = known
        return made

    @classmethod
    @override
    def configure(cls, made: kms.Key, properties: Properties) -> None:
        made.policy = json.dumps(properties["KeyPolicy"], default=str)
        made.description = properties.get("Description", "")
        made.enabled = properties.get("Enabled", True)
        made.key_state = "Enabled" if made.enabled else "Disabled"
        made.key_rotation_status = properties.get("EnableKeyRotation", False)
        tagger = kms_backends[made.account_id][made.region].tagger
        tagger.delete_all_tags_for_resource(made.id)
        tags = properties.get("Tags", [])
        tagger.tag_resource(made.id, [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags])


def generate_private_key(key_spec: str) -> Any:
    """None for a symmetric key, which has no use for one; moto takes a tenth of a second to make it."""
    return None if key_spec == SYMMETRIC else _generate(key_spec)


def _state(key: Any) -> dict[str, Any]:
    """What is saved of moto's wrapper around a private key, which itself cannot be pickled."""
    pem = key.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return vars(key) | {"private_key": pem}


def _restore(key: Any, state: dict[str, Any]) -> None:
    vars(key).update(state, private_key=serialization.load_pem_private_key(state["private_key"], None))


def install() -> None:
    """Makes every key one that can be saved."""
    setattr(kms, "generate_private_key", generate_private_key)  # noqa: B010  # which it imports from elsewhere
    wrappers: tuple[Any, ...] = (utils.RSAPrivateKey, utils.ECDSAPrivateKey)
    for wrapper in wrappers:
        wrapper.__getstate__ = _state
        wrapper.__setstate__ = _restore
