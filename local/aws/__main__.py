"""``python -m local.aws``: serves the local AWS until SIGTERM or Ctrl-C."""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from local.aws.http import PortInUseError
from local.aws.server import LocalAws
from local.aws.state import StateRefusedError


def main(arguments: list[str] | None = None) -> int:
    """Runs the server; 2 says that it could not start."""
    parser = argparse.ArgumentParser(prog="python -m local.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="port on 127.0.0.1 (default 4566)")
    parser.add_argument("--home", type=Path, default=Path(".millrace/aws"), help="folder of the state")
    parser.add_argument(
        "--images", type=Path, default=Path(".millrace/images"), help="folder of the job images"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    aws = LocalAws(home=options.home, images=options.images, port=options.port)
    try:
        aws.start()
    except (PortInUseError, StateRefusedError) as error:
        print(error, file=sys.stderr)
        return 2
    logging.getLogger("local.aws").info("Serving AWS at %s, state in %s", aws.endpoint_url, aws.home)
    ended.wait()
    aws.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
