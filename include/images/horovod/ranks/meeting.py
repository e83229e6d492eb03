"""Where ranks meet: each is told who it is, and all ask the first host where the others are.

Horovod's own launcher logs in to the hosts by ssh. Here every host starts its own ranks, and the first one
runs the server by which they find each other.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from horovod.runner.common.util.hosts import HostInfo, SlotInfo, get_host_assignments
from horovod.runner.gloo_run import create_run_env_vars, create_slot_env_vars
from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer

PORT = 9120
"""Of the server, on the address of the first host, which no other job has."""


def slots(hosts: Sequence[str], each: int) -> list[SlotInfo]:
    """Who is where: ranks count up host by host.

    Args:
        hosts: in the same order on every host.
        each: ranks of a host.
    """
    return list(get_host_assignments([HostInfo(host, each) for host in hosts], len(hosts) * each))


def environment(slot: SlotInfo, server: str, interface: str) -> dict[str, str]:
    """What tells a rank who it is and where the server is."""
    told = {**create_run_env_vars(server, [interface], PORT), **create_slot_env_vars(slot)}
    return {name: str(value) for name, value in told.items()}


@contextmanager
def server(address: str, everybody: Sequence[SlotInfo]) -> Iterator[None]:
    """Within the context ranks find each other."""
    http = RendezvousHTTPServer((address, PORT), RendezvousHandler, verbose=0)
    http.daemon_threads = True
    http.init(everybody)
    thread = threading.Thread(target=http.serve_forever, name="rendezvous", daemon=True)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
