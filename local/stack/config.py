"""Where a stack keeps its state and on which ports it listens."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.stack.errors import MillraceError

HOST = "127.0.0.1"
REPOSITORY = Path(__file__).resolve().parents[2]
LAST_PORT = 65_535
NOBODYS_NUMBER = "+12025550123"
"""Who gets text messages on a laptop: one of the numbers that are kept for fiction, 555-0100 to 555-0199."""


@dataclass(frozen=True)
class Ports:
    """The two ports of a stack on loopback."""

    aws: int = 4566
    airflow: int = 8080


@dataclass(frozen=True)
class StackConfig:
    """Everything about a stack that differs between two of them on one machine."""

    home: Path
    ports: Ports = Ports()
    environment: str = "local"
    tenant: str = "main"
    team: str = "ml"
    region: str = "us-east-1"
    database_url: str | None = None
    """PostgreSQL for Airflow's metadata; SQLite when there is none."""
    dags: Path = REPOSITORY / "dags"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "StackConfig":
        """Read the ``MILLRACE_*`` variables.

        A stack remembers its ports, so a command needs them only once, at ``up``.
        """
        home = Path(environ.get("MILLRACE_HOME") or REPOSITORY / ".millrace").absolute()
        remembered = remembered_ports(home)
        return cls(
            home=home,
            ports=Ports(
                aws=_port(environ, "MILLRACE_AWS_PORT", remembered.aws),
                airflow=_port(environ, "MILLRACE_AIRFLOW_PORT", remembered.airflow),
            ),
            environment=environ.get("MILLRACE_ENVIRONMENT") or "local",
            tenant=environ.get("MILLRACE_TENANT") or "main",
            team=environ.get("MILLRACE_TEAM") or "ml",
            database_url=environ.get("MILLRACE_DATABASE_URL") or None,
            dags=Path(environ.get("MILLRACE_DAGS") or REPOSITORY / "dags").absolute(),
        )

    @property
    def aws_url(self) -> str:
        """Where the local AWS listens."""
        return f"http://{HOST}:{self.ports.aws}"

    @property
    def airflow_url(self) -> str:
        """Where Airflow's pages and API are."""
        return f"http://{HOST}:{self.ports.airflow}"

    @property
    def stack_name(self) -> str:
        """Name of the CloudFormation stack."""
        return f"millrace-{self.environment}"

    @property
    def aws_home(self) -> Path:
        """State of the local AWS."""
        return self.home / "aws"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own state."""
        return self.home / "airflow"

    @property
    def images(self) -> Path:
        """Virtual environments of the job images."""
        return self.home / "images"

    @property
    def log(self) -> Path:
        """Logs of the stack's processes."""
        return self.home / "log"

    @property
    def last_run(self) -> Path:
        """Summary of the last `millrace run`."""
        return self.home / "last-run.json"

    def make_folders(self) -> None:
        """Create the folders, closed to other users of the machine."""
        for folder in (self.home, self.aws_home, self.airflow_home, self.images, self.log):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def remember_ports(self) -> None:
        """Keep the ports for the commands that follow."""
        _ports_file(self.home).write_text(json.dumps(asdict(self.ports)))

    def forget_ports(self) -> None:
        """A stopped stack may start on any ports."""
        _ports_file(self.home).unlink(missing_ok=True)


def _ports_file(home: Path) -> Path:
    return home / "ports.json"


def remembered_ports(home: Path) -> Ports:
    """The ports of the stack that runs, or the usual ones."""
    try:
        return Ports(**json.loads(_ports_file(home).read_text()))
    except (OSError, ValueError, TypeError):
        return Ports()


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    value = environ.get(variable) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= LAST_PORT:
        raise MillraceError(f"{variable} is {value!r}: set it to a port, 1 to {LAST_PORT}.")
    return int(value)
