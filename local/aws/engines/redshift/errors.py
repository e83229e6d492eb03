"""What a statement is refused with, in Redshift's words."""


class RefusedError(Exception):
    """A statement cannot be run. The message is what the Data API tells, ``ERROR: ...``."""

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")


class LoginError(Exception):
    """Nobody is let in with these credentials. The message begins with ``FATAL:``."""

    def __init__(self, user: str) -> None:
        super().__init__(f'FATAL: password authentication failed for user "{user}"')


def denied(kind: str, name: str) -> RefusedError:
    """A privilege is missing, on a ``relation``, a ``schema`` or a ``database``."""
    return RefusedError(f"permission denied for {kind} {name}")


def missing(kind: str, name: str) -> RefusedError:
    """Nothing has that name."""
    return RefusedError(f'{kind} "{name}" does not exist')


def taken(kind: str, name: str) -> RefusedError:
    """Something has that name already."""
    return RefusedError(f'{kind} "{name}" already exists')


def unserved(what: str) -> RefusedError:
    """Redshift has it, the local AWS has not."""
    return RefusedError(f"the local AWS does not run {what}")
