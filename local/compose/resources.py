"""``python -m local.compose.resources``: makes the stack, samples and the warehouse."""

import os
import sys

from local.stack import infrastructure, people, samples, warehouse
from local.stack.config import StackConfig
from local.stack.errors import MillraceError


def main() -> int:
    """2 says that the local AWS refused something; making them twice changes nothing."""
    config = StackConfig.from_environment(os.environ)
    try:
        outputs = infrastructure.provision(config)
        samples.upload(config, infrastructure.bucket(outputs))
        warehouse.provide(config, outputs)
        people.work_team(config)
    except MillraceError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{config.stack_name} is provisioned in {config.aws_url}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
