"""A request of Hadoop's WebHDFS client."""

from functools import cached_property
from typing import Literal
from urllib.parse import parse_qsl, quote

from typing_extensions import override

from local.aws.calls.permissions import Permission, s3_arn
from local.aws.incoming import Incoming
from local.aws.webhdfs.place import ROOT, Place

S3_ACTIONS = {
    "OPEN": ("GetObject",),
    "GETFILESTATUS": ("GetObject",),
    "GETFILEBLOCKLOCATIONS": (),
    "LISTSTATUS": ("ListBucket",),
    "LISTSTATUS_BATCH": ("ListBucket",),
    "GETCONTENTSUMMARY": ("ListBucket",),
    "CREATE": ("PutObject",),
    "MKDIRS": ("PutObject",),
    "DELETE": ("DeleteObject",),
    "RENAME": ("GetObject", "DeleteObject"),
}
"""What S3A needs to be allowed for the same operation on AWS."""


class WebHdfsRequest(Incoming):
    """Reads the path and the query; the body is left alone.

    WebHDFS without Kerberos sends a user's name and no signature. Spark's jobs name their access key.
    """

    @staticmethod
    def is_one(request: Incoming) -> bool:
        """Whether a request speaks WebHDFS and is not signed for the S3 bucket ``webhdfs``."""
        return f"{request.path}/".startswith(f"{ROOT}/") and not request.access_key

    @cached_property
    def _parameters(self) -> dict[str, str]:
        return {name.lower(): value for name, value in parse_qsl(self.query, keep_blank_values=True)}

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self._parameters.get(name, default)

    def number(self, name: str) -> int | None:
        """A parameter that is a number from 0 up; None where there is none. Raises `ValueError`."""
        text = self.parameter(name)
        if text and not (text.isascii() and text.isdigit()):
            raise ValueError(f"{name} is {text!r}: it must be a number from 0 up.")
        return int(text) if text else None

    def flag(self, name: str) -> bool:
        """A parameter that is ``true``."""
        return self.parameter(name) == "true"

    @property
    def op(self) -> str:
        """The operation's name, in capitals."""
        return self.parameter("op").upper()

    @property
    def user(self) -> str:
        """Who asks; empty where the request does not say it."""
        return self.parameter("user.name")

    @property
    @override
    def access_key(self) -> str:
        return self.user

    @property
    @override
    def service(self) -> Literal["s3"]:
        return "s3"

    @cached_property
    def place(self) -> Place:
        """Raises `PlaceError`."""
        return Place.of_url(self._raw_path)

    @cached_property
    def target(self) -> Place:
        """Where a rename goes. Raises `PlaceError`."""
        return Place.of_path(self.parameter("destination"))

    @property
    def _raw_path(self) -> str:
        """As it came: Java sends characters beyond ASCII as they are, in UTF-8."""
        uri: str = self.environ["REQUEST_URI"]
        return uri.encode("latin-1").decode(errors="replace").partition("?")[0]

    @property
    def redirected(self) -> bool:
        """Whether this is the second step, the one that moves bytes."""
        return self.flag("redirected")

    @property
    def second_step(self) -> str:
        """The address of the second step, in ASCII."""
        path = quote(f"{ROOT}/{self.place.bucket}/{self.place.key}")
        query = quote(self.query, safe="=&%+")
        return f"http://{self.environ['HTTP_HOST']}{path}?{query}&redirected=true"

    def permissions(self) -> list[Permission]:
        """What the same would need on AWS; nothing for what has no counterpart, as the list of buckets."""
        if not self.place.bucket:
            return []
        actions = S3_ACTIONS.get(self.op, ())
        found: list[Permission] = [(f"s3:{action}", self._resource(action, self.place)) for action in actions]
        if self.op == "RENAME":
            found.append(("s3:PutObject", self._resource("PutObject", self.target)))
        return found

    @staticmethod
    def _resource(action: str, place: Place) -> str:
        return s3_arn(place.bucket, "" if action == "ListBucket" else place.key)
