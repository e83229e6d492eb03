"""Errors that operators raise and the retry policy knows."""

from airflow.sdk.exceptions import AirflowException


class JobFailed(AirflowException):
    """A remote job ended without success; the message says which, how and why.

    ``permanent`` means that the same job would fail again.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
