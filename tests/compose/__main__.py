"""``python -m tests.compose``: runs docker-compose.yaml for real, with the local AWS, until a DAG succeeded.

Needs a Docker engine, or root on Debian, where it starts one of its own. Where there is neither it says why
and exits with 77, as skipped tests do.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from local.stack.airflow_api import AirflowApi
from local.stack.config import REPOSITORY
from tests.compose import base_images
from tests.compose.engine import Engine, NoEngineError, running_engine
from tests.compose.project import Project

SKIPPED = 77
RUN_SECONDS = 1800
ONE_SHOT = {"migrate", "settings", "local-aws-resources"}
SERVING = {"postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "local-aws"}


def main() -> int:
    """0: all held; 1: something did not; 77: there is no engine."""
    parser = argparse.ArgumentParser(prog="python -m tests.compose", description=__doc__)
    parser.add_argument("--dag", default="training_workflow", help="the DAG to run (default %(default)s)")
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".millrace" / "docker")
    options = parser.parse_args()
    try:
        with running_engine(options.home.resolve()) as engine:
            base_images.provide(engine)
            return _test(engine, options.home, options.dag)
    except NoEngineError as error:
        print(f"SKIPPED: {error}", file=sys.stderr)
        return SKIPPED


def _test(engine: Engine, home: Path, dag: str) -> int:
    home.mkdir(parents=True, exist_ok=True)
    project = Project(engine, home.resolve(), f"millrace-test-{os.getpid()}")
    try:
        _refuses_to_start_without_passwords(project)
        _say("building", project.compose("build"))
        _say("starting", project.compose("up", "--detach"))
        project.wait(SERVING | ONE_SHOT)
        _say("healthy", ", ".join(sorted(SERVING)))
        _is_hardened(project)
        _runs(project, dag)
        return 0
    except (RuntimeError, AssertionError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        print(project.compose("logs", "--no-color", "--tail", "80"), file=sys.stderr)
        return 1
    finally:
        project.compose("down", "--volumes", "--remove-orphans")
        left = project.containers()
        _say("taken down", f"{len(left)} containers are left")


def _refuses_to_start_without_passwords(project: Project) -> None:
    empty = project.settings.with_name("empty.env")
    empty.write_text("")
    try:
        project.compose("config", settings=empty)
    except RuntimeError as error:
        if "local.compose.environment" not in str(error):
            raise
        _say("refused", "without passwords nothing starts")
        return
    raise AssertionError("Compose would start without passwords.")


def _is_hardened(project: Project) -> None:
    for service, container in sorted(project.containers().items()):
        user = container["Config"]["User"].partition(":")[0]
        assert user not in {"", "0", "root"}, f"{service} runs as root"
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"], f"{service} can write to its image"
        assert host["CapDrop"] == ["ALL"], f"{service} has capabilities"
        assert not host["Privileged"], f"{service} is privileged"
        published = [each for ports in (host["PortBindings"] or {}).values() for each in ports]
        assert all(each["HostIp"] == "127.0.0.1" for each in published), f"{service} listens on {published}"
        if container["State"]["Running"]:
            effective = project.engine.docker("exec", container["Id"], "id", "-u").strip()
            assert effective == user, f"{service} runs as {effective}"
    _say("hardened", "no root, no capabilities, read-only, on loopback only")


def _runs(project: Project, dag: str) -> None:
    with AirflowApi(f"http://127.0.0.1:{project.airflow_port}", project.password()) as api:
        while api.dag(dag) is None:
            errors = api.import_errors()
            assert not errors, errors
            time.sleep(2)
        api.unpause(dag)
        run_id = api.trigger(dag, {}, logical_date=None)["dag_run_id"]
        _say("triggered", f"{dag} {run_id}")
        deadline = time.monotonic() + RUN_SECONDS
        while (state := api.run(dag, run_id)["state"]) not in {"success", "failed"}:
            assert time.monotonic() < deadline, f"{dag} is {state} after {RUN_SECONDS} s"
            time.sleep(3)
        tasks = {each["task_id"]: each["state"] for each in api.task_instances(dag, run_id)}
        assert state == "success", tasks
    _say("succeeded", ", ".join(f"{name}: {state}" for name, state in tasks.items()))


def _say(what: str, details: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}: {(details.strip().splitlines() or ['done'])[-1]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
