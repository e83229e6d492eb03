"""Where a request points: a bucket and a key, from the path as it came."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

ROOT = "/webhdfs/v1"


class PlaceError(ValueError):
    """A path that names nothing in a bucket."""


@dataclass(frozen=True)
class Place:
    """A bucket and a key without slashes around it; an empty key is the bucket, an empty bucket the root."""

    bucket: str = ""
    key: str = ""

    @classmethod
    def of_url(cls, path: str) -> "Place":
        """From the undecoded path of a request, one character for each byte.

        Raises:
            PlaceError: as in ``of_path``, or it is not UTF-8.
        """
        try:
            text = unquote_to_bytes(path.encode("latin-1")).decode()
        except UnicodeError:
            raise PlaceError(f"The path {path!r} is not UTF-8.") from None
        return cls.of_path(text.removeprefix(ROOT))

    @classmethod
    def of_path(cls, path: str) -> "Place":
        """From ``/bucket/key``.

        Raises:
            PlaceError: a part of the path is empty, a dot or two, or holds a NUL: no file has such a name.
        """
        inside = path.removeprefix("/").removesuffix("/")
        parts = inside.split("/") if inside else []
        if not path.startswith("/") or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise PlaceError(f"The path {path!r} names no file of a bucket: it must be /bucket/key.")
        return cls(parts[0], "/".join(parts[1:])) if parts else cls()

    @property
    def prefix(self) -> str:
        """What the keys below this directory begin with."""
        return f"{self.key}/" if self.key else ""

    @property
    def parents(self) -> list["Place"]:
        """The directories above, inside the bucket, from the top."""
        parts = self.key.split("/")[:-1]
        return [Place(self.bucket, "/".join(parts[: end + 1])) for end in range(len(parts))]

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"
