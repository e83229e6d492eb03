"""SIGTERM, on which a container is to end."""

import os
import signal
import sys
import threading


def end_on_sigterm() -> None:
    """Ends the process as soon as SIGTERM comes, also within a library's long call.

    Python runs a signal's handler between two of its own instructions: after a round that takes minutes,
    or never while a call waits for a host that is gone. And as the first process of a container, the
    program would not be ended by a signal without a handler at all. So a thread of its own waits for it.
    To be called before other threads are started, which inherit that they leave the signal to this one.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_wait, name="SIGTERM", daemon=True).start()


def _wait() -> None:
    signal.sigwait({signal.SIGTERM})
    print("SIGTERM: the program ends.", file=sys.stderr, flush=True)
    os._exit(128 + signal.SIGTERM)
