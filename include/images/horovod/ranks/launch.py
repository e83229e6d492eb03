"""Starts the ranks of this host and ends with them; why the first one failed is why the job did."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from entrypoint import hosts, paths, program  # type: ignore[import-not-found]

from . import meeting
from .processes import Rank, watch

GRACE_SECONDS = 20.0
"""How long ranks may take to see that another one is gone."""
STALL_SECONDS = 300
"""How long ranks wait for one that takes no part before they give up, unless the job says otherwise."""

ALLOCATION = dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(512 << 20))
"""Bytes. The C library gives a large block back to the kernel at once, and each step asks for the same ones
again: on CPUs page faults were a quarter of a step, and more where ranks share a host."""


def run(script: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs ``python script arguments`` as the ranks of this host, one of all hosts of the job.

    The hyperparameters ``ranks_per_host`` and ``stall_seconds`` are read here, too. SIGTERM reaches all
    ranks. Returns the exit code; on an error `/opt/ml/output/failure` has the reason.
    """
    if not script.is_file():
        program.write_missing(script)
        return 1
    names, here = hosts.names(), hosts.current()
    given = json.loads(environment["SM_HPS"])
    per_host = int(given.get("ranks_per_host") or environment["SM_NUM_GPUS"]) or 1
    stall_seconds = int(given.get("stall_seconds") or STALL_SECONDS)
    everybody = meeting.slots(names, per_host)
    first = hosts.addresses()[names[0]]
    interface = str(paths.read_config("resourceconfig").get("network_interface_name", "eth0"))
    stalled = str(stall_seconds)
    common = {
        **ALLOCATION,
        **os.environ,
        "HOROVOD_STALL_CHECK_TIME_SECONDS": stalled,
        "HOROVOD_STALL_SHUTDOWN_TIME_SECONDS": stalled,
        # Ranks of a host share its cores.
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // per_host)),
        **environment,
    }
    ranks: list[Rank] = []

    def forward(number: int, _: FrameType | None) -> None:
        for rank in ranks:
            rank.send(number)

    with ExitStack() as stack:
        if here == names[0]:
            stack.enter_context(meeting.server(first, everybody))
        # Before the first of them: a job may be stopped at any moment.
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, forward))
        for slot in (slot for slot in everybody if slot.hostname == here):
            told = common | meeting.environment(slot, first, interface)
            ranks.append(Rank.start(slot.rank, script, arguments, told))
        failed, hung = watch(ranks, GRACE_SECONDS)
    if not failed:
        return 0
    reason = _reason(here, failed, hung, stall_seconds)
    print(reason, file=sys.stderr, flush=True)
    paths.write_failure(f"ExecuteUserScriptError: {script.name}: {reason}")
    code = failed[0].process.returncode
    return 128 - code if code < 0 else code


def _reason(host: str, failed: Sequence[Rank], hung: Sequence[Rank], stall_seconds: int) -> str:
    if hung:
        numbers = ", ".join(str(rank.number) for rank in hung)
        return (
            f"rank {numbers} on {host} hung: the others waited {stall_seconds} s for it to take part and "
            "gave up. Look at the last lines with its number in the log"
        )
    first = next((rank for rank in failed if not rank.is_follower), failed[0])
    return first.reason(host)
