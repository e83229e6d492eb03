"""What a Docker daemon leaves behind in the network of its host: a bridge, rules, forwarding."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
INTERFACES = Path("/sys/class/net")
OF_DOCKER = re.compile(r"docker0|br-[0-9a-f]{12}|veth.*")
FAMILIES = ("iptables", "ip6tables")
EMPTY = {
    "filter": "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
    "nat": "*nat\nCOMMIT\n",
}


@contextmanager
def restored() -> Iterator[None]:
    """Interfaces of Docker's that came are deleted, rules and forwarding are put back.

    A family of rules that could not be read stays as it is: to restore nothing would empty its tables.
    """
    forwarding = FORWARDING.read_text()
    interfaces = _interfaces()
    rules = {name: saved for name in FAMILIES if shutil.which(name) and (saved := _saved(name))}
    try:
        yield
    finally:
        for name in filter(OF_DOCKER.fullmatch, _interfaces() - interfaces):
            subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
        for name, saved in rules.items():
            subprocess.run([f"{name}-restore"], input=saved, capture_output=True, text=True, check=False)
        FORWARDING.write_text(forwarding)


def _interfaces() -> set[str]:
    return {path.name for path in INTERFACES.iterdir()}


def _saved(name: str) -> str | None:
    """All rules of a family; None where they cannot be read.

    A table that nobody has used is not printed; to put it back is to empty it.
    """
    done = subprocess.run([f"{name}-save"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    return done.stdout + "".join(empty for table, empty in EMPTY.items() if f"*{table}\n" not in done.stdout)
