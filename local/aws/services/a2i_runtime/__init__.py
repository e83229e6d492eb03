"""Amazon A2I's runtime: human loops, whose tasks people do on the page for reviewers.

moto has no such service, so this one is registered under the name that moto would give it: botocore's
``sagemaker-a2i-runtime`` without hyphens.
"""

import re
import sys
from typing import TYPE_CHECKING

from moto.backend_index import backend_url_patterns

from local.aws.services import review
from local.aws.services.a2i_runtime import loops, urls
from local.aws.services.a2i_runtime.models import SOURCE, a2i_backends

if TYPE_CHECKING:
    from local.aws.server import LocalAws

NAME = "sagemakera2iruntime"

sagemakera2iruntime_backends = a2i_backends
"""Where moto looks for the backends of a service."""


def install(_aws: "LocalAws") -> None:
    """Makes the service known to moto, and itself to review tasks; doing it again changes nothing."""
    sys.modules[f"moto.{NAME}"] = sys.modules[__name__]
    if NAME not in dict(backend_url_patterns):
        backend_url_patterns.extend((NAME, re.compile(base)) for base in urls.url_bases)
    review.register(SOURCE, loops.task_ended)
