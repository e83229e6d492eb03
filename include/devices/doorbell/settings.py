"""What a doorbell has to know: a TOML file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .credentials import Device

PATHS = ("certificate", "key", "authorities")


class SettingsError(ValueError):
    """The file is not there, or not as it has to be; the message says what is wrong."""


@dataclass(frozen=True)
class Settings:
    """One doorbell."""

    bucket: str
    prefix: str
    """Where recordings go, with a slash at its end."""
    region: str
    greeting: Path
    """An MP3 file."""
    microphone: str
    """ALSA's name of it."""
    outbox: Path
    device: Device


def read(file: Path) -> Settings:
    """The settings of a file; paths in it start at its folder.

    Raises:
        SettingsError: a value is missing or unknown, or the file cannot be read.
    """
    try:
        found = tomllib.loads(file.read_text())
        device = _of(Device, found.pop("device"), file.parent, PATHS)
        settings: Settings = _of(Settings, found | {"device": device}, file.parent, ("greeting", "outbox"))
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} has no settings of a doorbell: {error}. See doorbell.toml.") from error
    if not settings.prefix.endswith("/"):
        raise SettingsError(f"{file}: prefix is {settings.prefix!r}, it must end with a slash.")
    return settings


def _of(kind: type, values: dict[str, Any], folder: Path, paths: tuple[str, ...]) -> Any:
    return kind(**values | {name: folder / values[name] for name in paths})
