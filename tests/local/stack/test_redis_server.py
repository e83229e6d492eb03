"""The stack's Redis: nobody else's, and nothing that it has answered is lost."""

import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.stack import redis_server
from local.stack.config import StackConfig
from local.stack.supervision import Supervisor
from tests.local.stack.test_supervision import wait_for
from tests.stack import IMAGES, REPO

KILLS = 4
WRITERS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """It under a supervisor of its own: configuration, supervisor."""
    config = StackConfig(home=tmp_path_factory.mktemp("a stack") / "home")
    config.home.mkdir()
    IMAGES.mkdir(parents=True, exist_ok=True)
    config.images.symlink_to(IMAGES, target_is_directory=True)
    config.make_folders()
    supervisor = Supervisor(config)
    supervisor.apply([redis_server.program(config)], {"PYTHONPATH": str(REPO)})
    wait_for(lambda: answers(config), 300)
    yield config, supervisor
    supervisor.stop()


def client(config) -> redis.Redis:
    return redis.Redis.from_url(redis_server.url(config, {}), retry=Retry(NoBackoff(), 0))


def answers(config) -> bool:
    try:
        return bool(client(config).ping())
    except redis.exceptions.ConnectionError:
        return False


def test_it_is_wanted_only_where_the_user_names_no_other(server):
    config, _ = server
    named = {"MILLRACE_REDIS_URL": "rediss://:secret@redis.example:6379"}
    assert redis_server.is_wanted({})
    assert not redis_server.is_wanted(named)
    assert redis_server.url(config, named) == named["MILLRACE_REDIS_URL"]


def test_it_listens_on_a_private_socket_and_asks_for_its_password(server):
    config, _ = server
    with client(config) as ours:
        settings = ours.config_get("*")
        [path] = [settings["unixsocket"]]
        assert settings["port"] == "0"
        assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "always")
    with pytest.raises(redis.exceptions.AuthenticationError), redis.Redis(unix_socket_path=path) as other:
        other.ping()
    private = [config.home / "redis" / name for name in ("password", "redis.conf")]
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)


def test_killed_under_load_it_loses_nothing_that_it_has_answered(server):
    config, supervisor = server
    answered: list[int] = []
    done = threading.Event()

    def write(writer: int) -> None:
        number = writer
        with client(config) as ours:
            while not done.is_set():
                try:
                    ours.set(f"number:{number}", number)
                except redis.exceptions.ConnectionError:
                    done.wait(0.01)
                else:
                    answered.append(number)
                    number += WRITERS

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            before = len(answered)
            wait_for(lambda before=before: len(answered) > before + 50, 120)
            [row] = supervisor.processes()
            supervisor._rpc().signalProcess(row.name, "KILL")
        before = len(answered)
        wait_for(lambda: len(answered) > before + 50, 120)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    [row] = supervisor.processes()
    supervisor._rpc().signalProcess(row.name, "KILL")
    wait_for(lambda: answers(config), 120)
    with client(config) as ours:
        found = ours.mget([f"number:{number}" for number in answered])
    assert [int(value or -1) for value in found] == answered
