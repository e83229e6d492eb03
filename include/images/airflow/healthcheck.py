"""``healthcheck.py PART``: exits with 0 if that part of Airflow has a fresh heartbeat.

A part is ``metadatabase``, ``scheduler``, ``dag_processor`` or ``triggerer``, as the API server's
``/api/v2/monitor/health`` names them. It asks the API server: `airflow jobs check` imports all of Airflow
each time, which takes seconds of a core.
"""

import json
import os
import sys
import urllib.request

TIMEOUT_SECONDS = 8


def main() -> int:
    """0 for healthy, else 1 with a sentence."""
    part, url = sys.argv[1], os.environ.get("AIRFLOW_HEALTH_URL", "http://api-server:8080")
    try:
        # No proxy is asked for a neighbour.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/api/v2/monitor/health", timeout=TIMEOUT_SECONDS) as answer:
            status = json.load(answer).get(part, {}).get("status")
    except (OSError, ValueError) as error:
        print(f"{url} does not say how {part} is: {error}")
        return 1
    print(f"{part} is {status}")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main())
