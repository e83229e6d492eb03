"""What a service keeps of the running server. Not part of the saved state."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Current(Generic[Value]):
    """A value that a service sets when it is installed, and calls for from then on.

    >>> queue = Current[str]("Glue")
    >>> queue.set("crawls")
    >>> queue()
    'crawls'
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._value: Value | None = None

    def set(self, value: Value) -> None:
        """Takes the place of what an earlier server of this process had."""
        self._value = value

    def __call__(self) -> Value:
        """The value of the server that runs in this process.

        Raises:
            RuntimeError: none has run yet.
        """
        if self._value is None:
            raise RuntimeError(f"{self._service} is used before the local AWS was started.")
        return self._value
