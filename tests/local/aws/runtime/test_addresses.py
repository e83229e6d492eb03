import ipaddress
import socket
import sys

import pytest

from local.aws.runtime import addresses
from local.aws.runtime.addresses import Addresses, NoAddressError

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only 127.0.0.1 is this machine")


@linux
def test_every_host_has_an_address_of_its_own_that_is_this_machine():
    lent = Addresses()
    found = [*lent.lend("a", ["algo-1", "algo-2"]).values(), *lent.lend("b", ["algo-1"]).values()]
    assert len(set(found)) == 3
    assert "127.0.0.1" not in found
    for address in found:
        assert ipaddress.ip_address(address).is_loopback
        socket.create_server((address, 0)).close()


@linux
def test_a_job_keeps_its_addresses_until_it_gives_them_back(monkeypatch):
    monkeypatch.setattr(addresses, "NETWORKS", [(16, 0)])
    lent = Addresses()
    first = lent.lend("a", ["algo-1"])
    assert lent.lend("a", ["algo-1"]) == first == {"algo-1": "127.16.0.1"}
    with pytest.raises(NoAddressError, match="All 1 loopback networks"):
        lent.lend("b", ["algo-1"])
    lent.give_back("a")
    assert lent.lend("b", ["algo-1"]) == first


@linux
def test_more_hosts_than_a_network_has_are_refused():
    with pytest.raises(NoAddressError, match="254 hosts here, not 255"):
        Addresses().lend("a", [str(n) for n in range(255)])


def test_elsewhere_all_hosts_are_one(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert Addresses().lend("a", ["algo-1", "algo-2"]) == {"algo-1": "127.0.0.1", "algo-2": "127.0.0.1"}
