"""Keys and the password of one stack: generated once, readable by its owner only."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

USER = "admin"


@dataclass(frozen=True)
class Credentials:
    """What only this stack knows. There is no default for any of it."""

    password: str
    fernet_key: str
    jwt_secret: str
    secret_key: str

    @classmethod
    def generate(cls) -> "Credentials":
        """New random credentials."""
        return cls(
            password=secrets.token_urlsafe(12),
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            jwt_secret=secrets.token_hex(32),
            secret_key=secrets.token_hex(32),
        )


def read_or_generate(airflow_home: Path) -> Credentials:
    """The credentials of the stack, made on first use."""
    file = airflow_home / "credentials.json"
    if not file.exists():
        write_private(file, json.dumps(asdict(Credentials.generate())))
    credentials = Credentials(**json.loads(file.read_text()))
    write_private(password_file(airflow_home), json.dumps({USER: credentials.password}) + "\n")
    return credentials


def password_file(airflow_home: Path) -> Path:
    """Where Airflow's simple auth manager reads passwords."""
    return airflow_home / "passwords.json"


def write_private(file: Path, text: str) -> None:
    """Replace a file by one that only its owner can read; never a half-written one."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    partial.replace(file)
