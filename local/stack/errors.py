"""What the `millrace` command reports as one sentence on stderr."""


class MillraceError(Exception):
    """The machine, the input or the command line is not as needed; the message says what to do."""

    exit_code = 2


class RunFailedError(MillraceError):
    """The run ended, and not with success."""

    exit_code = 1


class NotRunningError(MillraceError):
    """The stack, or the part of it that is needed, does not run."""

    exit_code = 3
