"""``python -m local.compose.resources``: makes the stack, the secret of Redis, samples and the warehouse."""

import os
import sys

from local.stack import infrastructure, people, redis_secret, redis_server, samples, warehouse
from local.stack.config import StackConfig
from local.stack.errors import MillraceError


def main() -> int:
    """2 says that the local AWS refused something; making them twice changes nothing."""
    config = StackConfig.from_environment(os.environ)
    try:
        secret = redis_secret.put(config, os.environ[redis_server.URL])
        outputs = infrastructure.provision(config, redis_secret=secret)
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
