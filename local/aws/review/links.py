"""Links to objects that are good for a while: what ``grant_read_access`` gives to a page."""

import re
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LIFE_SECONDS = 3600
ADDRESS = re.compile(r"s3://([a-zA-Z0-9][\w.-]{1,62})/(.+)", re.ASCII | re.DOTALL)


class Links:
    """Signs links to the objects of the S3 at an endpoint."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        self._endpoint_url = endpoint_url
        self._region = region

    def sign(self, uri: str) -> str:
        """A link to read one object.

        A browser that is led to the link itself saves the object: a page that a job wrote is never shown as a
        page of this server. Pictures, audio and video are loaded as ever.

        Raises:
            ValueError: `uri` is not ``s3://bucket/key``.
        """
        found = ADDRESS.fullmatch(uri)
        if found is None:
            raise ValueError(f"{uri[:200]!r} is no address of an object: give s3://bucket/key.")
        bucket, key = found.groups()
        address = f"{self._endpoint_url}/{bucket}/{quote(key, safe='/~')}"
        request = AWSRequest("GET", f"{address}?response-content-disposition=attachment")
        # The local S3 takes any credentials; these say whose call it is.
        credentials = Credentials("review-page", "review-page")
        S3SigV4QueryAuth(credentials, "s3", self._region, expires=LIFE_SECONDS).add_auth(request)
        return str(request.url)
