"""Measures how fast ranks add up tensors, before hours of training depend on it: for the image ``elastic``.

Bandwidth is that of the bus, which does not depend on how many ranks there are:
2 (n - 1) / n x bytes / seconds for n ranks.
https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

import process_group
import refusals
from bounds import number
from failure import JobError
from locations import location, write

SMALLEST = 1024
"""Bytes."""
FLOAT_BYTES = 4
WARM_UP = 5
ROUNDS = 20
DEBUG_FILE = "NCCL_DEBUG_FILE"
EFA = "efa"
SOCKET = "socket"


def sizes(largest_mb: int) -> Iterator[int]:
    """Bytes from 1 KiB to so many MiB, each twice the one before."""
    size = SMALLEST
    while size <= largest_mb << 20:
        yield size
        size *= 2


def bus_bandwidth(size: int, seconds: float, ranks: int) -> float:
    """In GB/s, of 10^9 bytes.

    >>> bus_bandwidth(10**9, 0.5, 4)
    3.0
    """
    return 2 * (ranks - 1) / ranks * size / seconds / 1e9


def provider(lines: Sequence[str]) -> str:
    """The network that NCCL chose, as what it wrote says.

    >>> provider(["NCCL INFO NET/OFI Selected Provider is efa (found 4 nics)"])
    'efa'
    >>> provider([])
    'socket'
    """
    for line in lines:
        if found := re.search(r"Selected [Pp]rovider is (\w+)", line):
            return found[1].lower()
    return SOCKET


def measure(device: torch.device, size: int) -> float:
    """Seconds that the slowest rank takes to add up a tensor of so many bytes; the mean of some rounds."""
    tensor = torch.zeros(size // FLOAT_BYTES, device=device)
    for _ in range(WARM_UP):
        dist.all_reduce(tensor)
    _settle(device)
    dist.barrier()
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        dist.all_reduce(tensor)
    _settle(device)
    seconds = torch.tensor([(time.perf_counter() - begun) / ROUNDS], device=device)
    dist.all_reduce(seconds, op=dist.ReduceOp.MAX)
    return float(seconds.item())


def _settle(device: torch.device) -> None:
    """Waits until what has been asked of a GPU is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def check(args: argparse.Namespace, device: torch.device, log: Path) -> None:
    """Measures and writes the metrics.

    Raises:
        JobError: there is one rank, or there are adapters that NCCL did not use.
    """
    ranks, backend = dist.get_world_size(), dist.get_backend()
    if ranks == 1:
        raise JobError("There is one rank, and nothing to add up: give two workers or more.")
    rows = [_row(size, measure(device, size), ranks) for size in sizes(args.largest_mb)]
    if dist.get_rank() != 0:
        return
    bandwidths = [row["bus_gb_per_second"] for row in rows]
    metrics = {
        "ranks": ranks,
        "backend": backend,
        "adapters": args.adapters,
        "provider": provider(log.read_text().splitlines() if log.is_file() else []),
        "average_gb_per_second": sum(bandwidths) / len(bandwidths),
        "maximum_gb_per_second": max(bandwidths),
        "sizes": rows,
    }
    write(metrics, args.metrics, args.kms_key)
    for row in rows:
        print(" ".join(f"{name}:{value:.6g}" for name, value in row.items()), flush=True)
    print(*(f"{name}:{value}" for name, value in metrics.items() if name != "sizes"), flush=True)
    if args.adapters and metrics["provider"] != EFA:
        raise JobError(
            f"Each node has {args.adapters} Elastic Fabric Adapters, and NCCL took the provider "
            f"{metrics['provider']}: the image needs libfabric and aws-ofi-nccl, the pods "
            "vpc.amazonaws.com/efa, and the nodes a security group that lets them speak to each other."
        )


def _row(size: int, seconds: float, ranks: int) -> dict[str, Any]:
    bandwidth = bus_bandwidth(size, seconds, ranks)
    return {"bytes": size, "microseconds": seconds * 1e6, "bus_gb_per_second": bandwidth}


def parser() -> argparse.ArgumentParser:
    """All flags."""
    result = argparse.ArgumentParser(description="Measures how fast ranks add up tensors.")
    add = result.add_argument
    add("--largest-mb", type=number(int, 1, 4096), default=128, help="MiB of the largest tensor")
    add("--adapters", type=number(int, 0, 64), default=0, help="Elastic Fabric Adapters of each node")
    add("--metrics", type=location, required=True, help="s3://bucket/key")
    add("--kms-key", help="that encrypts them")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one rank; returns the exit code."""
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "nccl.log")
        # Read when NCCL begins, which is not before the first tensor is added up.
        os.environ |= {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET", DEBUG_FILE: str(log)}

        def work() -> None:
            with process_group.joined() as device:
                check(args, device, log)

        return refusals.run(work, args)


if __name__ == "__main__":
    sys.exit(main())
