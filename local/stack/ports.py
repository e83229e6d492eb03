"""Whether the ports of a stack are free."""

import socket

from local.stack.config import HOST, Ports
from local.stack.errors import MillraceError


def check_free(ports: Ports) -> None:
    """Refuse ports on which another program listens.

    Raises:
        MillraceError: names the port and the variable that changes it.
    """
    if ports.aws == ports.airflow:
        raise MillraceError(
            f"MILLRACE_AWS_PORT and MILLRACE_AIRFLOW_PORT are both {ports.aws}: set one to another port."
        )
    for variable, port in (("MILLRACE_AWS_PORT", ports.aws), ("MILLRACE_AIRFLOW_PORT", ports.airflow)):
        if not is_free(port):
            raise MillraceError(
                f"Port {port} on {HOST} is in use: stop the program that listens there, "
                f"or set {variable} to another port."
            )


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of a server that ended a moment ago does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
