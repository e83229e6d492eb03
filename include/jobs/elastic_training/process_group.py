"""The ranks of a job, which torchrun has started, as one group."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist


@contextmanager
def joined() -> Iterator[torch.device]:
    """Within the context the ranks are a group, over NCCL on GPUs and else over Gloo; this one's device."""
    on_gpus = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpus else torch.device("cpu")
    if on_gpus:
        torch.cuda.set_device(device)
    _join("nccl" if on_gpus else "gloo")
    yield device
    # Not after an error: a rank that waits for the others does not end, and torchrun ends a rank that failed.
    dist.destroy_process_group()


def _join(backend: str) -> None:
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if not _is_loopback(host):
        dist.init_process_group(backend)
        return
    # The server of torch's own would listen on every interface of the machine.
    listener = {"master_listen_fd": socket.create_server((host, port)).detach()} if rank == 0 else {}
    store = dist.TCPStore(host, port, size, is_master=rank == 0, multi_tenant=rank == 0, **listener)
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name, as on Kubernetes


def summed(*values: float, device: torch.device) -> list[float]:
    """Each value, added up over all ranks. Every rank calls this, with as many values."""
    # Tensors of float64 hold counts of records exactly.
    total = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(total)
    return [float(value) for value in total]


def told_by_first(value: int, device: torch.device) -> int:
    """The value of rank 0. Every rank calls this."""
    told = torch.tensor([value], dtype=torch.int64, device=device)
    dist.broadcast(told, src=0)
    return int(told.item())
