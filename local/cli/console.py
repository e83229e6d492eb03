"""Where the command writes: results to stdout, what it is doing and errors to stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Shows each step while it lasts: a spinner in a terminal, a line with the seconds elsewhere."""
    started = time.monotonic()
    if errors.is_terminal:
        with errors.status("") as spinner:
            yield lambda text: spinner.update(f"{text} ...")
        return

    def line(text: str) -> None:
        errors.print(f"{time.monotonic() - started:5.1f} s  {text}", markup=False, soft_wrap=True)

    yield line
