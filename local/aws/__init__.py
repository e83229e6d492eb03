"""An AWS-compatible server on one loopback port: moto's server, extended to execute and to remember."""

import os

# Read by moto when it is imported: a web page has no business here, so it sends no CORS headers.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
