"""Where the hosts of a job are."""

import json

import pytest

from include.images.entrypoint import hosts


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the resource configuration of a kind of job."""
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.delenv(hosts.ADDRESSES, raising=False)

    def write(folder, **content):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "resourceconfig.json").write_text(json.dumps(content))

    return write


@pytest.mark.parametrize("folder", ["input/config", "config"], ids=["training", "processing"])
def test_every_host_names_the_hosts_in_the_same_order(config, folder):
    config(folder, current_host="algo-2", hosts=["algo-2", "algo-1"])
    assert hosts.names() == ["algo-1", "algo-2"]
    assert hosts.current() == "algo-2"


def test_addresses_that_are_given(config, monkeypatch):
    monkeypatch.setenv(hosts.ADDRESSES, '{"algo-1": "127.1.2.1", "algo-2": "127.1.2.2"}')
    assert hosts.addresses() == {"algo-1": "127.1.2.1", "algo-2": "127.1.2.2"}


def test_addresses_that_resolve(config):
    config("config", current_host="localhost", hosts=["localhost"])
    assert hosts.addresses() == {"localhost": "127.0.0.1"}


def test_a_name_that_does_not_resolve_is_waited_for_and_named(config, monkeypatch):
    monkeypatch.setattr(hosts, "PATIENCE_SECONDS", 0.0)
    config("config", current_host="algo-1", hosts=["no-such-host.invalid"])
    with pytest.raises(hosts.HostUnknownError, match=r"Host no-such-host\.invalid does not resolve"):
        hosts.addresses()
