"""``python -m local.compose.settings URL``: gives an Airflow what airflow_settings.yaml lists."""

import os
import sys

from local.stack import airflow_settings
from local.stack.airflow_api import AirflowApi
from local.stack.errors import MillraceError


def main() -> int:
    """2 says that Airflow refused something; loading twice changes nothing."""
    url, password = sys.argv[1], os.environ["AIRFLOW_ADMIN_PASSWORD"]
    try:
        with AirflowApi(url, password) as api:
            airflow_settings.load(api)
    except MillraceError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{airflow_settings.FILE.name} is loaded into {url}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
