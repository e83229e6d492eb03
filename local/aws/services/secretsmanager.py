"""Secrets Manager: gives the current version of a secret to whoever names none."""

from typing import TYPE_CHECKING, Any

from moto.secretsmanager.models import SecretsManagerBackend

if TYPE_CHECKING:
    from local.aws.server import LocalAws

CURRENT = "AWSCURRENT"
_get_secret_value = SecretsManagerBackend.get_secret_value


def get_secret_value(
    self: SecretsManagerBackend, secret_id: str, version_id: str, version_stage: str
) -> dict[str, Any]:
    """By version, by stage, or what is current: moto gives what was written last without a stage."""
    stage = version_stage if version_id or version_stage else CURRENT
    return _get_secret_value(self, secret_id, version_id, stage)


def install(_aws: "LocalAws") -> None:
    """Replaces what moto gives."""
    SecretsManagerBackend.get_secret_value = get_secret_value  # type: ignore[method-assign]
