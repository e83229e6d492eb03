"""The pages of jobs: a list, a page for each kind with everything that is known, and the whole log."""

import html
import io
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from moto.sagemaker.models import sagemaker_backends

from local.aws import jobs
from local.aws.jobs import KINDS
from local.aws.pages import logs
from local.aws.pages.frame import JOBS, OBJECTS
from local.aws.server import LocalAws
from local.aws.services.sagemaker.records import ProcessingJob, TrainingJob
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import IMAGE, Account, until

NASTY = "</pre><script>alert(1)</script>\"'"
ACCOUNT, REGION = "123456789012", "us-east-1"
Get = Callable[..., httpx.Response]


def tags(dag: str, run: str = "manual__1", task: str = "train") -> list[dict[str, str]]:
    values = {"dag": dag, "run": run, "task": task}
    return [{"Key": f"millrace:{key}", "Value": value} for key, value in values.items()]


def links(page: httpx.Response) -> dict[str, str]:
    """Texts and addresses below the way to the page."""
    content = page.text.partition("</nav>")[2]
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', content)
    return {html.unescape(text): html.unescape(where) for where, text in found}


def log_of(page: httpx.Response) -> str:
    """The text of the part that links to a log lead to."""
    return html.unescape(page.text.partition('<section id="log">')[2])


def archive_of(name: str) -> bytes:
    """A ``.tar.gz`` that holds one empty file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return archive.getvalue()


@pytest.fixture
def aws(tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A server that has an image without packages."""
    monkeypatch.setenv("MILLRACE_IMAGE_SOURCES", str(IMAGE_SOURCES))
    with LocalAws(home=tmp_path / "aws", images=images) as server:
        yield server


@pytest.fixture
def account(aws: LocalAws) -> Account:
    return Account(aws.endpoint_url).furnish()


@pytest.fixture
def get(aws: LocalAws) -> Get:
    return lambda path, **options: httpx.get(urljoin(aws.endpoint_url, path), **options)


@pytest.fixture
def made(aws: LocalAws, client: Any) -> Callable[..., None]:
    """Puts a job that never ran into an empty account: ``made("x", status="Failed", dag="d", age=3)``."""
    client("sagemaker").list_training_jobs()
    backend: Any = sagemaker_backends[ACCOUNT][REGION]

    def make(name: str, status: str = "Completed", dag: str = "", age: float = 0, **fields: Any) -> None:
        moment = datetime.now(UTC) - timedelta(seconds=age)
        description = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}",
            "TrainingJobStatus": status,
            "CreationTime": moment,
            **fields,
        }
        job = TrainingJob(description["TrainingJobArn"], REGION, description, tags(dag) if dag else [])
        backend.training_jobs[name] = job

    return make


def test_a_processing_job_is_shown_with_all_that_is_known(account: Account, get: Get) -> None:
    uri = account.put("main/d/r/in/x.csv")
    code = f"import os, sys; print({NASTY!r}); print(sys.argv[1:], os.environ['COLOUR'])"
    request = account.processing_request(
        "shown",
        code,
        inputs=[("rows", uri)],
        outputs=[("report", "s3://jobs/main/d/r/out", "EndOfJob")],
        Environment={"COLOUR": NASTY},
        Tags=tags("d", "manual__2026-01-01T00:00:00+00:00", "check"),
    )
    request["AppSpecification"]["ContainerArguments"] = ["--bound", "a b", NASTY]
    account.sagemaker.create_processing_job(**request)
    account.processed("shown")

    page = get(f"{JOBS}processing-jobs/shown")
    text, found = html.unescape(page.text), links(page)

    assert page.status_code == 200
    assert '<span class="status good">Completed</span>' in text
    assert "1 x ml.m5.large" in text
    assert f"{datetime.now(UTC):%Y-%m-%d}" in text
    assert found["s3://jobs/main/d/r/in/x.csv"] == f"{OBJECTS}jobs/main/d/r/in/x.csv"
    assert found["s3://jobs/main/d/r/out"] == f"{OBJECTS}jobs/main/d/r/out"
    assert get(found["s3://jobs/main/d/r/in/x.csv"]).content == b"x"
    assert "--bound 'a b'" in text
    assert found["d"] == f"{JOBS}?dag=d"
    assert "check" in text
    run = get(found["(its API calls)"])
    assert "s3:GetObject" in run.text
    assert '"ProcessingJobArn": "arn:aws:sagemaker:' in text
    assert NASTY in log_of(page)
    assert "<script" not in page.text
    assert "http-equiv" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_failed_training_job_begins_with_its_reason(account: Account, get: Get) -> None:
    definitions = [{"Name": "validation:rmse", "Regex": "rmse=([0-9.]+)"}]
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": definitions}
    code = f"print('rmse=2.125', flush=True); raise ValueError({NASTY!r})"
    account.train("broken", code, AlgorithmSpecification=algorithm)

    page = get(f"{JOBS}jobs/broken")
    text = html.unescape(page.text)
    content = text.partition("</nav>")[2].strip()

    assert content.startswith(f'<p class="reason">AlgorithmError: ValueError: {NASTY}')
    assert '<span class="status bad">Failed</span>' in text
    assert "<th>validation:rmse</th><td>2.125</td>" in text
    assert "<th>code</th>" in text
    assert links(page)["s3://jobs/models/broken/output/model.tar.gz"].startswith(f"{OBJECTS}jobs/models/")
    assert "billable" in text
    assert "<script" not in page.text


def test_a_running_job_is_asked_for_again_until_it_ends(account: Account, get: Get) -> None:
    gate = "import pathlib, time\nprint('begun', flush=True)\ntime.sleep(600)"
    account.sagemaker.create_processing_job(**account.processing_request("runs", gate))
    page = until(lambda: get(f"{JOBS}processing-jobs/runs"), lambda page: "begun" in log_of(page))
    listing = get(JOBS)
    account.sagemaker.stop_processing_job(ProcessingJobName="runs")
    account.processed("runs")
    ended = get(f"{JOBS}processing-jobs/runs")

    for shown in (page, listing):
        assert re.search(r'<meta http-equiv="refresh" content="\d">', shown.text)
    assert '<span class="status running">InProgress</span>' in page.text
    assert "<th>Seconds</th>" in page.text
    assert "http-equiv" not in ended.text
    assert '<span class="status stopped">Stopped</span>' in ended.text


def test_an_endpoint_shows_what_it_serves(account: Account, get: Get) -> None:
    archive = account.put("models/refuses.tar.gz", archive_of("refuse"))
    model = {"Image": IMAGE, "ModelDataUrl": archive}
    account.sagemaker.create_model(ModelName="m", PrimaryContainer=model, ExecutionRoleArn=account.role)
    variant = {
        "VariantName": "a",
        "ModelName": "m",
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 2,
    }
    account.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c", Tags=tags("serving"))
    account.served("e")

    page = get(f"{JOBS}endpoints/e")

    assert "2 x ml.m5.xlarge" in page.text
    assert links(page)[archive] == f"{OBJECTS}jobs/models/refuses.tar.gz"
    assert "did not pass the ping health check" in page.text.partition("<table")[0]
    assert "this model refuses to load" in log_of(page)


def test_a_tuning_job_shows_its_training_jobs(account: Account, get: Get) -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "3"}]}
    request = account.tuning_request(
        "tuned", "print(f'loss={hp[\"depth\"]}')", ranges, jobs=2, parallel=2, RandomSeed=1
    )
    account.sagemaker.create_hyper_parameter_tuning_job(**request, Tags=tags("tunes"))
    job = account.tuned("tuned")
    best = job["BestTrainingJob"]["TrainingJobName"]

    page = get(f"{JOBS}hyper-tuning-jobs/tuned")
    rows = re.findall(r"<tr[^>]*><td><a href=\"([^\"]*)\">([^<]*)</a>( \(best\))?</td>(.*?)</tr>", page.text)

    assert "<th>depth</th><td>1 to 3</td>" in page.text
    assert len(rows) == 2
    assert [name for _, name, is_best, _ in rows if is_best] == [best]
    assert all("depth=" in rest and "loss" in rest for *_, rest in rows)
    trial = get(rows[0][0])
    assert links(trial)[job["HyperParameterTuningJobArn"]] == f"{JOBS}hyper-tuning-jobs/tuned"
    assert "loss=" in log_of(trial)


def test_a_transform_job_shows_inputs_and_outputs(account: Account, get: Get) -> None:
    account.put("rows/a.csv", b"x\ny\n")
    account.sagemaker.create_model(
        ModelName="bare", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=account.role
    )
    account.sagemaker.create_transform_job(
        **account.transform_request("moved", "bare", "s3://jobs/rows/", Tags=tags("moves"))
    )
    account.transformed("moved")

    page = get(f"{JOBS}transform-jobs/moved")
    found = links(page)

    assert '<span class="status good">Completed</span>' in page.text
    assert found["s3://jobs/rows/"] == f"{OBJECTS}jobs/rows/"
    assert get(found["s3://jobs/out/moved"], follow_redirects=True).status_code == 200
    assert "/data-log" in log_of(page)


def test_the_whole_log_is_text_and_made_as_it_is_sent(account: Account, get: Get) -> None:
    account.process("talks", f"for n in range(30_000): print(n, 'x' * 100)\nprint({NASTY!r})")

    page = get(f"{JOBS}processing-jobs/talks")
    shown = log_of(page)
    where = f"{JOBS}processing-jobs/talks/log"
    whole = get(where)
    talks = jobs.find(ACCOUNT, KINDS["processing-jobs"], "talks")
    assert talks
    blocks = [len(block) for block in logs.whole(ACCOUNT, talks)]

    assert "29999 xxx" in shown
    assert "29503 xxx" in shown
    assert "29499 xxx" not in shown
    assert re.search(r"the last 500 lines, after 29,50\d others", shown)
    assert links(page)["The whole log, as text"] == where
    assert whole.text.count("\n") >= 30_002  # with the stream's name and the image's lines
    assert NASTY in whole.text
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert whole.headers["Transfer-Encoding"] == "chunked"
    assert sum(blocks) == len(whole.content)
    assert max(blocks) < len(whole.content) / 20


def test_a_long_line_is_cut_on_the_page_only(account: Account, get: Get) -> None:
    account.process("long", "print('y' * 50_000)")

    assert "(50,000 characters)" in log_of(get(f"{JOBS}processing-jobs/long"))
    assert "y" * 50_000 in get(f"{JOBS}processing-jobs/long/log").text


def test_a_log_is_of_one_job(account: Account, get: Get) -> None:
    account.process("twin", "print('of the first')")
    account.process("twin-2", "print('of the second')")

    assert "of the second" not in log_of(get(f"{JOBS}processing-jobs/twin"))
    assert "of the second" not in get(f"{JOBS}processing-jobs/twin/log").text


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("processing-jobs/none", "processing job 'none'"),
        ("jobs/none/log", "training job 'none'"),
        ("jobs", "training job ''"),
        ("hyper-tuning-jobs/%3Cb%3E", "tuning job '<b>'"),
        ("robots/x", "kind of job 'robots'"),
    ],
)
def test_what_is_missing_is_named(account: Account, get: Get, path: str, named: str) -> None:
    answer = get(f"{JOBS}{path}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.startswith(f"There is no {named}")
    assert answer.text.count("\n") == 1


def test_a_part_of_a_page_that_is_not_there_is_named(made: Any, aws: LocalAws) -> None:
    made("x")

    answer = httpx.get(f"{aws.endpoint_url}{JOBS}jobs/x/metrics")

    assert (answer.status_code, "'metrics'" in answer.text) == (404, True)


def test_the_list_is_newest_first_and_filtered_by_following_links(made: Any, aws: LocalAws) -> None:
    get: Get = lambda path="": httpx.get(urljoin(f"{aws.endpoint_url}{JOBS}", path))  # noqa: E731
    made("oldest", dag="abalone", age=30)
    made("middle", dag="abalone", status="Failed", age=20)
    made("newest", dag="b & <b>", age=10)
    backend: Any = sagemaker_backends[ACCOUNT][REGION]
    fields = {"ProcessingJobName": "p", "ProcessingJobStatus": "Failed", "CreationTime": datetime.now(UTC)}
    backend.processing_jobs["p"] = ProcessingJob("arn:p", REGION, fields, [])

    names = re.compile(r'<tr><td><a href="[^"]*">([^<]*)</a>')
    whole = get()
    of_dag = get(links(whole)["abalone (2)"])
    failed = get(links(of_dag)["Failed (1)"])

    assert names.findall(whole.text) == ["p", "newest", "middle", "oldest"]
    assert names.findall(of_dag.text) == ["middle", "oldest"]
    assert names.findall(failed.text) == ["middle"]
    assert names.findall(get(links(whole)["training job (3)"]).text) == ["newest", "middle", "oldest"]
    assert names.findall(get(links(whole)["b & <b>"]).text) == ["newest"]
    assert names.findall(get(links(failed)["all (2)"]).text)
    assert "<b>" not in whole.text
    assert "Nothing is here" in get("?dag=none").text


def test_the_list_is_paged(made: Any, aws: LocalAws) -> None:
    for number in range(203):
        made(f"job-{number:03}", dag="many", age=1000 - number)
    names = re.compile(r">(job-\d+)<")
    page, seen = httpx.get(f"{aws.endpoint_url}{JOBS}?dag=many"), []
    seen.append(names.findall(page.text))
    while older := links(page).get("older"):
        page = httpx.get(f"{aws.endpoint_url}{older}")
        seen.append(names.findall(page.text))

    assert [len(names) for names in seen] == [100, 100, 3]
    assert [name for names in seen for name in names] == [
        f"job-{number:03}" for number in reversed(range(203))
    ]
    assert "201 to 203 of 203" in page.text
    assert names.findall(httpx.get(f"{aws.endpoint_url}{links(page)['newer']}").text) == seen[1]
    for wrong in ("0", "-3", "x"):
        assert names.findall(httpx.get(f"{aws.endpoint_url}{JOBS}?page={wrong}").text) == seen[0]


@pytest.mark.parametrize("segment", KINDS)
def test_a_kind_without_jobs_has_a_list(aws: LocalAws, segment: str) -> None:
    assert "Nothing is here" in httpx.get(f"{aws.endpoint_url}{JOBS}?kind={segment}").text


def test_a_server_without_clusters_has_a_list_of_pytorch_jobs(aws: LocalAws) -> None:
    address = links(httpx.get(f"{aws.endpoint_url}{JOBS}"))["PyTorchJob (0)"]
    assert "Nothing is here" in httpx.get(f"{aws.endpoint_url}{address}").text


def test_pages_lead_to_one_another(aws: LocalAws) -> None:
    for root in (JOBS, OBJECTS, "/_millrace/calls/"):
        text = httpx.get(f"{aws.endpoint_url}{root}").text
        assert all(f'href="{other}"' in text for other in (JOBS, OBJECTS, "/_millrace/calls/"))
    assert httpx.get(f"{aws.endpoint_url}/_millrace/").headers["Location"] == JOBS
    assert "'/_millrace/nothing'" in httpx.get(f"{aws.endpoint_url}/_millrace/nothing").text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_they_only_read(made: Any, aws: LocalAws, method: str) -> None:
    made("x")

    assert httpx.request(method, f"{aws.endpoint_url}{JOBS}jobs/x").status_code == 405


@pytest.mark.parametrize("headers", [{"Host": "attacker.example"}, {"Origin": "https://a.example"}])
def test_they_are_for_this_machine(made: Any, aws: LocalAws, headers: dict[str, str]) -> None:
    made("x")

    for path in (JOBS, f"{JOBS}jobs/x", f"{JOBS}jobs/x/log", "/_millrace/calls/"):
        assert httpx.get(f"{aws.endpoint_url}{path}", headers=headers).status_code == 403


def test_a_page_that_fails_says_so(made: Any, aws: LocalAws) -> None:
    made("impossible", TrainingStartTime="never")

    answer = httpx.get(f"{aws.endpoint_url}{JOBS}jobs/impossible")

    assert answer.status_code == 500
    assert answer.text.startswith("This page failed: ")


def test_a_description_of_any_shape_has_a_page(made: Any, aws: LocalAws) -> None:
    made("odd", status="New & unknown", InputDataConfig=[{"ChannelName": "c", "DataSource": {}}])
    made("uri", OutputDataConfig={"S3OutputPath": "https://elsewhere.example/x"})

    odd = httpx.get(f"{aws.endpoint_url}{JOBS}jobs/odd")
    uri = httpx.get(f"{aws.endpoint_url}{JOBS}jobs/uri")

    assert "New &amp; unknown" in odd.text
    assert "https://elsewhere.example/x" in uri.text
    assert 'href="https:' not in uri.text
