"""The pages of PyTorchJobs: those of all clusters, what each and its workers are at, and all they print."""

import html
import re
from urllib.parse import urljoin

import httpx
import pytest

from local.aws.pages.frame import JOBS as EVERY_JOB
from local.aws.pages.frame import PYTORCH_JOBS
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, until
from tests.local.aws.test_eks import JOBS, Account

NASTY = "</pre></td><script>alert(1)</script>\"'"
WAITS = f"""
import os, sys, time
from pathlib import Path
print(os.environ["HOSTNAME"], {NASTY!r}, flush=True)
while not Path("/shared", sys.argv[1]).exists():
    time.sleep(0.05)
"""
FAILS_ONCE = """
from pathlib import Path
import sys
if not Path("/shared", sys.argv[1]).exists():
    Path("/shared", sys.argv[1]).touch()
    raise SystemExit("no luck")
print("now it does")
"""


@pytest.fixture(scope="module")
def variables():
    return {"MILLRACE_IMAGE_SOURCES": IMAGE_SOURCES}


@pytest.fixture(scope="module")
def cluster(server):
    """Two nodes of eight GPUs in the zone us-east-1b."""
    account = Account(server)
    account.make()
    with account.cluster() as client:
        yield client


@pytest.fixture
def get(server):
    return lambda path="": httpx.get(urljoin(f"{server.endpoint_url}{PYTORCH_JOBS}", path))


@pytest.fixture
def make(cluster, name):
    """Starts a job with the test's name; ``make(code, replicas=2)``."""

    def start(code, *, replicas=1, annotations=None, kind="Worker", container=None, **worker):
        run = {
            "name": "pytorch",
            "image": IMAGE,
            "command": ["python", "-c", code],
            "args": [name],
            "volumeMounts": [{"name": "data", "mountPath": "/shared"}],
            **(container or {}),
        }
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
        template = {"spec": {"containers": [run], "volumes": volumes}}
        job = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "PyTorchJob",
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {
                "elasticPolicy": {"minReplicas": 1, "maxReplicas": 3, "maxRestarts": 7, "nProcPerNode": 8},
                "pytorchReplicaSpecs": {kind: {"replicas": replicas, "template": template, **worker}},
            },
        }
        cluster.post(JOBS, json=job).raise_for_status()

    yield start
    cluster.delete(f"{JOBS}/{name}")


@pytest.fixture
def let_go(server, name):
    folder = server.home / "kubernetes" / "us-east-1" / "research" / "volumes" / "default" / "shared"
    return (folder / name).touch


@pytest.fixture
def comes_to(get, name):
    """Waits until the page of the test's job has this in it."""

    def wait(text):
        return until(lambda: get(f"research/default/{name}"), lambda page: text in html.unescape(page.text))

    return wait


@pytest.fixture
def prints(get, name):
    """Waits until the page's log has this in it."""
    return lambda text: until(lambda: get(f"research/default/{name}"), lambda page: text in log_of(page))


def plain(text):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def rows(page):
    """The cells of each row of all tables."""
    found = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    return [[plain(cell) for cell in re.split(r"</t[dh]>", row)[:-1]] for row in found]


def links(page):
    """Texts and addresses below the way to the page."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page.text.partition("</nav>")[2])
    return {html.unescape(text): html.unescape(where) for where, text in found}


def log_of(page):
    """The text that the links to the log lead to."""
    return html.unescape(page.text.partition('<section id="log">')[2])


def test_a_job_is_shown_while_it_runs_and_when_it_is_over(make, get, name, let_go, comes_to, prints):
    told = {"dag": "elastic_training", "run": "manual__2026-01-01T00:00:00+00:00", "task": NASTY}
    make(WAITS, replicas=2, annotations={f"millrace/{key}": value for key, value in told.items()})
    prints(f"{name}-worker-0 {NASTY}")
    prints(f"{name}-worker-1 {NASTY}")
    page = comes_to(f"PyTorchJob {name} is running.")
    shown = {row[0]: row[1:] for row in rows(page)}

    assert page.status_code == 200
    assert '<span class="status running">Running</span>' in page.text
    assert '<meta http-equiv="refresh" content="3">' in page.text
    assert shown["Cluster"] == ["research, namespace default"]
    assert shown["Workers"] == ["2 of 2 run"]
    assert shown[f"{name}-worker-0"] == ["Running", "0", "gpus-0", "us-east-1b", ""]
    assert [shown[label] for label in ("Fewest workers", "Most workers")] == [["1"], ["3"]]
    assert [shown[label] for label in ("Processes of each", "Most restarts of these")] == [["8"], ["7"]]
    assert shown["Image"] == [IMAGE]
    assert shown["Volume at /shared"][0].startswith("claim shared ")
    assert links(page)["elastic_training"] == f"{EVERY_JOB}?dag=elastic_training"
    assert links(page)["(its API calls)"].endswith("manual__2026-01-01T00%3A00%3A00%2B00%3A00")
    assert '"minReplicas": 1' in html.unescape(page.text)
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]

    let_go()
    ended = until(lambda: get(f"research/default/{name}"), lambda page: "http-equiv" not in page.text)
    conditions = [row[:2] for row in rows(ended) if row[0] in ("Created", "Running", "Succeeded")]
    assert conditions == [["Created", "yes"], ["Running", "no longer"], ["Succeeded", "yes"]]
    assert [f"{name}-worker-1", "Succeeded", "0", "gpus-0", "us-east-1b", "exit code 0"] in rows(ended)
    assert '<span class="status good">Succeeded</span>' in ended.text
    assert f"{name}-worker-0 {NASTY}" in log_of(ended)


def test_the_list_has_the_jobs_of_all_clusters_and_jobs_lead_to_it(make, get, name, let_go, comes_to):
    make(WAITS, annotations={"millrace/dag": "<b>"})
    comes_to(f"PyTorchJob {name} is running.")
    listed = get()
    [row] = [row for row in rows(listed) if row[0] == name]
    assert row[1:6] == ["Running", "research", "default", "<b>", "1 of 1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[6])
    assert row[7] == ""
    assert "http-equiv" in listed.text
    assert "<b>" not in listed.text
    assert get(links(listed)[name]).status_code == 200
    index = get(EVERY_JOB)
    [text] = [text for text in links(index) if text.startswith("PyTorchJob (")]
    assert get(links(index)[text]).text == get().text
    let_go()
    ended = until(get, lambda page: any(row[0] == name and row[1] == "Succeeded" for row in rows(page)))
    assert "http-equiv" not in ended.text


def test_a_worker_that_starts_again_shows_all_of_its_starts(make, name, comes_to, prints):
    make(FAILS_ONCE, restartPolicy="OnFailure")
    waiting = comes_to("CrashLoopBackOff: back-off 10s restarting")
    assert ["Workers", "0 of 1 run"] in rows(waiting)
    assert "no luck" in log_of(waiting)
    ended = prints("now it does")
    assert [row[2] for row in rows(ended) if row[0] == f"{name}-worker-0"] == ["1"]
    log = log_of(ended)
    places = [log.index(text) for text in ("start 1", "no luck", "start 2", "now it does")]
    assert places == sorted(places)


def test_a_failed_job_begins_with_its_reason(make, comes_to):
    make("raise SystemExit(3)", restartPolicy="Never")
    page = comes_to("replica(s) failed")
    assert '<p class="reason">' in page.text.partition("</nav>")[2].partition("<table")[0]
    assert '<span class="status bad">Failed</span>' in page.text
    assert "exit code 3" in page.text


def test_a_job_of_other_replicas_than_workers_has_a_page(make, comes_to):
    make(WAITS, kind="<i>")
    page = comes_to("give Worker alone")
    assert ["Workers", "0 of 0 run"] in rows(page)
    assert "It has no pods." in page.text
    assert "<i>" not in page.text


def test_what_waits_for_a_node_says_why(make, name, comes_to):
    make(WAITS, container={"resources": {"limits": {"nvidia.com/gpu": 9}}})
    page = comes_to("2 Insufficient nvidia.com/gpu")
    assert '<span class="status running">Created</span>' in page.text
    assert ["Workers", "0 of 1 run"] in rows(page)
    assert [f"{name}-worker-0", "Pending", "0", "", ""] in [row[:5] for row in rows(page)]
    assert "has not been started" in log_of(page)


def test_the_page_has_the_end_of_a_log_and_the_text_has_all(make, get, name, prints):
    make("for n in range(700): print(n, 'x')\nprint('y' * 50_000)")
    page = prints("(50,000 characters)")
    assert "the last 500 lines, after 201 others" in log_of(page)
    assert "\n202 x\n" in log_of(page)
    assert "\n200 x\n" not in log_of(page)
    whole = get(links(page)["The whole log, as text"])
    lines = whole.text.splitlines()
    assert lines[0] == f"# {name}-worker-0, start 1"
    assert [line.partition("Z ")[2] for line in lines[1:]] == [*(f"{n} x" for n in range(700)), "y" * 50_000]
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_job_that_is_deleted_is_found_by_its_task(make, cluster, get, name, comes_to):
    make(WAITS)
    comes_to("Running")
    cluster.delete(f"{JOBS}/{name}").raise_for_status()
    answer = get(f"research/default/{name}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.startswith(f"There is no PyTorchJob 'research/default/{name}', or no longer: ")
    assert "the task's link Description" in answer.text
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    "path", ["none/default/x", "research", "research/default", "research/default/%3Cb%3E/log"]
)
def test_what_is_missing_is_named(cluster, get, path):
    answer = get(path)
    assert (answer.status_code, answer.headers["Content-Type"][:10]) == (404, "text/plain")


def test_a_part_of_a_page_that_is_not_there_is_named(make, get, name):
    make(WAITS)
    answer = get(f"research/default/{name}/pods/0")
    assert (answer.status_code, answer.text) == (
        404,
        f"There is no page 'pods/0' of the PyTorchJob {name!r}, only log.\n",
    )
