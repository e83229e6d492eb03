"""An address for every host of a job, so that jobs which listen on a fixed port do not meet."""

import random
import sys
import threading
from collections.abc import Sequence

LAST_HOST = 254
NETWORKS = [(second, third) for second in range(16, 128) for third in range(256)]
"""The middle of 127.<second>.<third>.<host>: away from what programs use of the loopback network."""


class NoAddressError(RuntimeError):
    """There are no loopback addresses for a job."""


class Addresses:
    """Lends loopback addresses: a network of its own to each job that runs.

    On Linux all of 127.0.0.0/8 is this machine. Elsewhere only 127.0.0.1 is, and every host gets that. Which
    networks come first is random, so that two servers on one machine hardly ever lend the same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lent: dict[str, tuple[int, int]] = {}

    def lend(self, borrower: str, hosts: Sequence[str]) -> dict[str, str]:
        """Host -> address; the same answer for the same borrower until it gives them back.

        Raises:
            NoAddressError: more hosts than a network has addresses, or no network is free.
        """
        if sys.platform != "linux":
            return dict.fromkeys(hosts, "127.0.0.1")
        if len(hosts) > LAST_HOST:
            raise NoAddressError(f"A job may have {LAST_HOST} hosts here, not {len(hosts)}: ask for fewer.")
        second, third = self._network(borrower)
        return {host: f"127.{second}.{third}.{number}" for number, host in enumerate(hosts, 1)}

    def give_back(self, borrower: str) -> None:
        """The borrower's network may be lent to another."""
        with self._lock:
            self._lent.pop(borrower, None)

    def _network(self, borrower: str) -> tuple[int, int]:
        with self._lock:
            if borrower not in self._lent:
                free = set(NETWORKS) - set(self._lent.values())
                if not free:
                    raise NoAddressError(f"All {len(NETWORKS)} loopback networks are lent to jobs.")
                self._lent[borrower] = random.choice(sorted(free))  # noqa: S311  # not a secret
            return self._lent[borrower]
