"""Who is who among the hosts of a job: the first one leads, and where Spark's parts listen."""

from dataclasses import dataclass

from entrypoint import hosts  # type: ignore[import-not-found]

CHANNEL_PORT, MASTER_PORT, MASTER_PAGE_PORT = 7076, 7077, 8080
WORKER_PORT, WORKER_PAGE_PORT = 7100, 8100
"""The worker of the n-th host listens n ports on: hosts may share an address on a laptop without others."""


@dataclass(frozen=True)
class Layout:
    """The hosts of a job and their addresses, as one of them sees it."""

    addresses: dict[str, str]
    host: str

    @classmethod
    def of_job(cls) -> "Layout":
        """Raises `HostUnknownError`: a host's name does not resolve, or it has no address."""
        names = hosts.names()
        # One host needs nobody's address, not even its own.
        addresses = hosts.addresses() if len(names) > 1 else {names[0]: "127.0.0.1"}
        if unknown := [name for name in names if name not in addresses]:
            raise hosts.HostUnknownError(f"There is no address of host {', '.join(unknown)}.")
        return cls({name: addresses[name] for name in names}, hosts.current())

    @property
    def first(self) -> str:
        """The host that has the driver and the master."""
        return next(iter(self.addresses))

    @property
    def others(self) -> list[str]:
        """Every host but the first."""
        return [name for name in self.addresses if name != self.first]

    @property
    def is_cluster(self) -> bool:
        """Whether there is more than one host."""
        return len(self.addresses) > 1

    @property
    def address(self) -> str:
        """Of this host."""
        return self.addresses[self.host]

    @property
    def master(self) -> str:
        """The URL of the cluster."""
        return f"spark://{self.addresses[self.first]}:{MASTER_PORT}"

    @property
    def channel(self) -> tuple[str, int]:
        """Where the first host waits for the others."""
        return self.addresses[self.first], CHANNEL_PORT

    @property
    def worker_ports(self) -> tuple[int, int]:
        """Of this host's worker: its own and that of its page."""
        index = list(self.addresses).index(self.host)
        return WORKER_PORT + index, WORKER_PAGE_PORT + index
