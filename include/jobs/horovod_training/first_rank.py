"""Work of rank 0 for which the others wait without giving up.

Horovod ends a job whose ranks wait too long for one that takes no part: it hangs. Rank 0, which validates
alone, does not. So while it works all ranks go on agreeing that it does, about once a second; if it stops
working, its part is missing and the job ends.
"""

import time
from collections.abc import Iterable

import horovod.torch as hvd
import torch

PULSE_SECONDS = 1.0


def work_alone(steps: Iterable[object]) -> None:
    """Rank 0 takes the steps, the others wait until it has. Every rank calls this.

    Args:
        steps: each a part of the work; used on rank 0 only.
    """
    if hvd.rank() == 0:
        last = time.monotonic()
        for _ in steps:
            if time.monotonic() - last > PULSE_SECONDS:
                _agree(working=True)
                last = time.monotonic()
        _agree(working=False)
    else:
        while _agree(working=False):
            pass


def _agree(*, working: bool) -> bool:
    told = hvd.allreduce(torch.tensor([float(working)]), name="rank 0 works", op=hvd.Sum)
    return bool(told.item() > 0)
