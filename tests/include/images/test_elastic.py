"""torchrun of the image ``elastic``: torch's own on Kubernetes, kept to this machine on this machine."""

import json
import subprocess

from local.aws.runtime.images import SOURCES
from tests.include.jobs.conftest import interpreter

PROGRAM = SOURCES / "elastic" / "bin" / "torchrun"
LOOK = """
import importlib.machinery, importlib.util, json, sys
loader = importlib.machinery.SourceFileLoader("image_torchrun", sys.argv[1])
program = importlib.util.module_from_spec(importlib.util.spec_from_loader("image_torchrun", loader))
loader.exec_module(program)
print(json.dumps(eval(sys.argv[2])))
"""


def look(expression):
    """What an expression gives beside the program's functions."""
    command = [interpreter("elastic"), "-c", LOOK, PROGRAM, expression]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)


def settled(**environment):
    given = f"given := {environment!r}"
    return look(f"[{given}, program.settle(given), given][-1]")


def test_a_rendezvous_is_of_this_machine_where_its_address_is():
    endpoints = ["127.0.0.1:29400", "127.3.2.1:1", "localhost:29400"]
    others = ["train-worker-0:29400", "10.0.3.7:29400", "train-worker-0", ""]
    expression = f"[program.is_loopback(each) for each in {endpoints + others!r}]"
    assert look(expression) == [True] * len(endpoints) + [False] * len(others)


def test_the_first_pod_hosts_and_has_the_first_address():
    first = settled(HOSTNAME="train-worker-0", PET_RDZV_CONF="last_call_timeout=4")
    assert first["PET_RDZV_CONF"] == "last_call_timeout=4,is_host=True"
    assert first["PET_LOCAL_ADDR"] == "127.0.0.1"
    assert first["GLOO_SOCKET_IFNAME"] == "lo"
    other = settled(HOSTNAME="train-worker-12")
    assert (other["PET_RDZV_CONF"], other["PET_LOCAL_ADDR"]) == ("is_host=False", "127.0.0.13")
    assert settled(PET_RDZV_CONF="is_host=True")["PET_RDZV_CONF"] == "is_host=True"
