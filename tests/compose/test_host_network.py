"""What is put back of a host's network, with commands that only note what they are asked for."""

import pytest

from tests.compose import host_network


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A folder with the host's interfaces, its `forwarding`, and in `done` what the commands did."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "interfaces" / "eth0").mkdir(parents=True)
    (tmp_path / "forwarding").write_text("0")
    (tmp_path / "done").touch()
    scripts = {
        "ip": f'echo "$@" >> {tmp_path}/done',
        "iptables": "true",
        "iptables-save": "echo '*filter'; echo 'rule 4'; echo COMMIT",
        "iptables-restore": f"/bin/cat >> {tmp_path}/done",
        "ip6tables": "true",
        "ip6tables-save": "exit 1",
        "ip6tables-restore": f"echo flushed >> {tmp_path}/done",
    }
    for name, script in scripts.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(host_network, "FORWARDING", tmp_path / "forwarding")
    monkeypatch.setattr(host_network, "INTERFACES", tmp_path / "interfaces")
    return tmp_path


def test_rules_that_could_not_be_read_are_not_flushed(host):
    with host_network.restored():
        (host / "forwarding").write_text("1")
    assert (host / "done").read_text().splitlines() == ["*filter", "rule 4", "COMMIT", "*nat", "COMMIT"]
    assert (host / "forwarding").read_text() == "0"


def test_only_interfaces_of_docker_are_deleted(host):
    with host_network.restored():
        for name in ("docker0", "br-0123456789ab", "veth1a2b", "br-office", "wg0"):
            (host / "interfaces" / name).mkdir()
    deleted = {line for line in (host / "done").read_text().splitlines() if line.startswith("link")}
    assert deleted == {f"link delete {name}" for name in ("docker0", "br-0123456789ab", "veth1a2b")}
