"""``python -m doorbell SETTINGS.toml``: runs the doorbell until it is stopped."""

import argparse
import logging
import signal
import sys
from functools import partial
from pathlib import Path
from threading import Event, Thread

from botocore.config import Config

from . import settings, sound
from .credentials import session
from .distance import RangeFinder
from .doorbell import Doorbell
from .outbox import Outbox
from .sending import send_all, to_bucket


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="doorbell", description="Takes messages of visitors.")
    parser.add_argument("settings", type=Path, help="TOML file; doorbell.toml beside the program is one")
    try:
        chosen = settings.read(parser.parse_args(argv).settings)
    except settings.SettingsError as error:
        parser.error(str(error))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    # botocore logs a whole traceback each time that credentials are not given; send_all says it in a line.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    outbox = Outbox(chosen.outbox)
    # A daemon: an upload that hangs must not keep the program from ending, and is repeated at the next start.
    Thread(target=_send, args=(chosen, outbox, stop), name="sending", daemon=True).start()
    with RangeFinder() as finder:
        greet = partial(sound.play, chosen.greeting)
        Doorbell(finder, greet, partial(sound.record, microphone=chosen.microphone), outbox).watch(stop)
    return 0


def _send(chosen: settings.Settings, outbox: Outbox, stop: Event) -> None:
    config = Config(connect_timeout=10, read_timeout=60, retries={"total_max_attempts": 1})
    try:
        client = session(chosen.device, chosen.region).client("s3", config=config)
        send_all(outbox, to_bucket(client, chosen.bucket, chosen.prefix), stop)
    finally:
        # A doorbell that records and never sends would go unnoticed.
        stop.set()


if __name__ == "__main__":
    sys.exit(main())
