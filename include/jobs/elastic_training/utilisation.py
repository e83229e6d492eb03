"""How busy the GPUs of a pod are while it trains, or, where there is none, its processes' cores."""

import csv
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pynvml

EVERY_SECONDS = 1.0
COLUMNS = ("time", "device", "percent")
FOLDER = "utilisation"

Reading = Callable[[], dict[str, float]]
"""Percent of each device since the last call; the first call may say 0."""


@contextmanager
def sampled(folder: Path) -> Iterator[None]:
    """Within the context ``<folder>/utilisation/<pod>.csv`` grows by a row a second for each device.

    Its columns are the time in seconds since 1970, the device, and percent: of a GPU, or of one core, so that
    four busy cores are 400.
    """
    file = folder / FOLDER / f"{os.environ.get('HOSTNAME', 'pod')}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    thread = threading.Thread(target=_sample, args=(file, ended), name="utilisation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sample(file: Path, ended: threading.Event) -> None:
    read = reading()
    read()
    with file.open("a", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        if not file.stat().st_size:
            rows.writerow(COLUMNS)
        while not ended.wait(EVERY_SECONDS):
            now = f"{time.time():.1f}"
            rows.writerows((now, device, f"{percent:.1f}") for device, percent in read().items())
            stream.flush()


def reading() -> Reading:
    """What reads the devices of this pod."""
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:
        return Cores()
    gpus = {f"gpu{number}": pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(count)}

    def read() -> dict[str, float]:
        return {name: float(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu) for name, gpu in gpus.items()}

    return read if gpus else Cores()


class Cores:
    """What the ranks of this pod and the processes that they have started use of its cores."""

    def __init__(self) -> None:
        self._agent = psutil.Process(os.getppid())
        self._seen: dict[int, psutil.Process] = {}

    def __call__(self) -> dict[str, float]:
        """Percent of one core."""
        for process in self._agent.children(recursive=True):
            self._seen.setdefault(process.pid, process)
        total = 0.0
        for pid, process in list(self._seen.items()):
            try:
                total += process.cpu_percent()
            except psutil.NoSuchProcess:
                del self._seen[pid]
        return {"cpu": total}
