"""Who asks a cluster of EKS: the token is an address, signed for STS, that says who they are.

https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from local.aws.kubernetes.statuses import UnauthorizedError

PREFIX = "k8s-aws-v1."
LIFE = timedelta(minutes=15)
CLUSTER_HEADER = "x-k8s-aws-id"


def check_token(authorization: str) -> None:
    """Refuses who has no token. Signatures are not checked here, as those of other requests are not.

    Raises:
        UnauthorizedError: it has none, or one that EKS would not take.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(PREFIX):
        raise UnauthorizedError(f"Unauthorized: give a bearer token that begins with {PREFIX}")
    encoded = token.removeprefix(PREFIX)
    try:
        address = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (binascii.Error, UnicodeDecodeError, ValueError, KeyError) as error:
        raise UnauthorizedError("Unauthorized: the token is no signed address of STS") from error
    if query.get("Action") != "GetCallerIdentity" or CLUSTER_HEADER not in query.get(
        "X-Amz-SignedHeaders", ""
    ):
        raise UnauthorizedError(
            f"Unauthorized: it has to be signed for GetCallerIdentity, with the header {CLUSTER_HEADER}"
        )
    if not -LIFE < datetime.now(UTC) - signed < LIFE:
        raise UnauthorizedError(
            f"Unauthorized: the token was signed at {signed:%H:%M:%S} UTC, it lasts 15 minutes"
        )
