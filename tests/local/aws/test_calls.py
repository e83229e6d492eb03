"""The record of API calls: who called what, for which task of which run."""

import html
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.calls.attribution import NOBODY, Caller
from local.aws.calls.record import MAX_ENTRIES, MAX_RUNS, Record
from local.aws.pages.frame import CALLS
from local.aws.server import LocalAws
from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import Account
from tests.local.conftest import connect

ClientOf = Callable[..., Any]
ACCOUNT = "123456789012"
TAGS = [
    {"Key": f"millrace:{key}", "Value": value} for key, value in {"dag": "d", "run": "r", "task": "t"}.items()
]


def marked(*names: str) -> Config:
    """The configuration of a client of a task."""
    mark = "/".join(quote(name, safe="") for name in names)
    return Config(user_agent_extra=f"md/millrace-task#{mark}", retries={"total_max_attempts": 1})


def rows(aws: LocalAws, dag: str | None = "d", run: str | None = "r") -> list[tuple[Any, ...]]:
    """Principal, task, action and resource of a run's entries."""
    document = aws.calls.document(dag, run) or {"entries": []}
    return [(e["principal"], e["task"], e["action"], e["resource"]) for e in document["entries"]]


def counted(aws: LocalAws, action: str, dag: str | None = "d", run: str | None = "r") -> tuple[int, int]:
    """Calls and errors of an action in a run."""
    entries = (aws.calls.document(dag, run) or {"entries": []})["entries"]
    found = [entry for entry in entries if entry["action"] == action]
    return sum(entry["calls"] for entry in found), sum(entry["errors"] for entry in found)


@pytest.fixture
def task(client: ClientOf) -> ClientOf:
    """``task("s3")``: a client of the task ``t`` of the run ``r`` of the DAG ``d``."""
    return lambda service: client(service, config=marked("d", "r", "t"))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Account:
    """An account whose server has an image without packages."""
    monkeypatch.setenv("MILLRACE_IMAGE_SOURCES", str(IMAGE_SOURCES))
    return Account(request.getfixturevalue("aws").endpoint_url).furnish()


@pytest.fixture
def bucket(client: ClientOf) -> str:
    client("s3").create_bucket(Bucket="data")
    return "data"


BUCKET, FOLDER = "arn:aws:s3:::data", "arn:aws:s3:::data/main/d/r/*"
KEY = {"Bucket": "data", "Key": "main/d/r/model/model.tar.gz"}


@pytest.mark.parametrize(
    ("call", "permissions"),
    [
        (lambda s3: s3.put_object(**KEY), [("PutObject", FOLDER)]),
        (lambda s3: s3.get_object(**KEY), [("GetObject", FOLDER)]),
        (lambda s3: s3.head_object(**KEY), [("GetObject", FOLDER)]),
        (lambda s3: s3.delete_object(**KEY), [("DeleteObject", FOLDER)]),
        (lambda s3: s3.get_object_tagging(**KEY), [("GetObjectTagging", FOLDER)]),
        (lambda s3: s3.get_object(**KEY, VersionId="null"), [("GetObjectVersion", FOLDER)]),
        (lambda s3: s3.list_objects_v2(Bucket="data", Prefix="main/"), [("ListBucket", BUCKET)]),
        (lambda s3: s3.list_objects(Bucket="data"), [("ListBucket", BUCKET)]),
        (lambda s3: s3.list_object_versions(Bucket="data"), [("ListBucketVersions", BUCKET)]),
        (lambda s3: s3.head_bucket(Bucket="data"), [("ListBucket", BUCKET)]),
        (lambda s3: s3.list_buckets(), [("ListAllMyBuckets", "arn:aws:s3:::*")]),
        (lambda s3: s3.get_bucket_location(Bucket="data"), [("GetBucketLocation", BUCKET)]),
        (
            lambda s3: s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "x"}]}),
            [("DeleteObject", f"{BUCKET}/*")],
        ),
        (
            lambda s3: s3.copy_object(Bucket="data", Key="top", CopySource="data/main/d/other/x"),
            [("GetObject", f"{BUCKET}/main/d/other/*"), ("PutObject", f"{BUCKET}/*")],
        ),
        (
            lambda s3: s3.copy_object(
                Bucket="data",
                Key="top",
                CopySource={"Bucket": "data", "Key": "main/d/other/x", "VersionId": "null"},
            ),
            [("GetObjectVersion", f"{BUCKET}/main/d/other/*"), ("PutObject", f"{BUCKET}/*")],
        ),
        (
            lambda s3: s3.get_bucket_notification_configuration(Bucket="data"),
            [("GetBucketNotification", BUCKET)],
        ),
    ],
)
def test_operations_of_s3_have_iams_names(
    aws: LocalAws, client: ClientOf, task: ClientOf, bucket: str, call: Any, permissions: Any
) -> None:
    client("s3").put_object(**KEY)
    client("s3").put_object(Bucket="data", Key="main/d/other/x")

    call(task("s3"))

    assert rows(aws) == [("airflow", "t", f"s3:{action}", resource) for action, resource in permissions]


def test_an_upload_in_parts_is_one_permission(aws: LocalAws, task: ClientOf, bucket: str) -> None:
    s3 = task("s3")
    upload = s3.create_multipart_upload(**KEY)["UploadId"]
    tag = s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(**KEY, UploadId=upload, MultipartUpload=parts)
    s3.abort_multipart_upload(**KEY, UploadId=s3.create_multipart_upload(**KEY)["UploadId"])

    assert rows(aws) == [
        ("airflow", "t", "s3:AbortMultipartUpload", FOLDER),
        ("airflow", "t", "s3:PutObject", FOLDER),
    ]
    assert counted(aws, "s3:PutObject") == (4, 0)


def test_the_protocols_of_other_services_are_read(aws: LocalAws, client: ClientOf, task: ClientOf) -> None:
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    client("logs").create_log_group(logGroupName="/g")
    role = {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}

    task("sqs").receive_message(QueueUrl=url)
    task("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": '"QueueUrl": "x"'}])
    task("sns").publish(TopicArn=topic, Message="arn:aws:sns:no")
    task("logs").describe_log_streams(logGroupName="/g")
    task("iam").create_role(**role)
    task("sts").get_caller_identity()
    with pytest.raises(ClientError):
        task("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"1")
    with pytest.raises(ClientError):
        task("lambda").invoke(FunctionName="f")
    with pytest.raises(ClientError):
        task("cloudwatch").get_dashboard(DashboardName="none")

    region = f"us-east-1:{ACCOUNT}"
    assert {row[2]: row[3] for row in rows(aws)} == {
        "sqs:ReceiveMessage": f"arn:aws:sqs:{region}:q",
        "sqs:SendMessage": f"arn:aws:sqs:{region}:q",
        "sns:Publish": topic,
        "logs:DescribeLogStreams": f"arn:aws:logs:{region}:log-group:/g",
        "iam:CreateRole": None,
        "sts:GetCallerIdentity": None,
        "sagemaker:InvokeEndpoint": f"arn:aws:sagemaker:{region}:endpoint/e",
        "lambda:InvokeFunction": None,
        "cloudwatch:GetDashboard": None,
    }


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("describe_processing_job", {"ProcessingJobName": "x"}, "processing-job/x"),
        ("describe_training_job", {"TrainingJobName": "x"}, "training-job/x"),
        (
            "describe_hyper_parameter_tuning_job",
            {"HyperParameterTuningJobName": "x"},
            "hyper-parameter-tuning-job/x",
        ),
        ("create_endpoint", {"EndpointName": "x", "EndpointConfigName": "c"}, "endpoint/x"),
        ("describe_endpoint_config", {"EndpointConfigName": "c"}, "endpoint-config/c"),
        ("list_training_jobs", {}, None),
    ],
)
def test_a_resource_of_sagemaker_is_known_by_its_name(
    aws: LocalAws, task: ClientOf, operation: str, request_: Any, resource: str | None
) -> None:
    try:
        getattr(task("sagemaker"), operation)(**request_)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400  # noqa: PT017  # only listing works

    expected = resource and f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{resource}"
    assert [row[3] for row in rows(aws)] == [expected]


def test_errors_and_times_are_counted(aws: LocalAws, task: ClientOf, bucket: str) -> None:
    before = time.time()
    task("s3").put_object(**KEY)
    for _ in range(2):
        with pytest.raises(ClientError):
            task("s3").get_object(Bucket="data", Key="main/d/r/none")
    task("s3").get_object(**KEY)
    document = aws.calls.document("d", "r")

    assert counted(aws, "s3:GetObject") == (3, 2)
    assert document
    assert (document["calls"], document["errors"]) == (4, 2)
    first, last = (document[name] for name in ("first", "last"))
    assert first <= last
    assert first.startswith(time.strftime("%Y-", time.gmtime(before)))
    assert first.endswith("Z")


@pytest.mark.parametrize(
    "mark",
    ["", "/", "d", "d/r", "d/r/t/u", "d//t", "/r/t", "d/%ff/t", f"d/{'r' * 300}/t", "%/%/", "d/r/"],
)
def test_a_mark_that_is_malformed_tells_nothing(aws: LocalAws, client: ClientOf, mark: str) -> None:
    config = Config(user_agent_extra=f"md/millrace-task#{mark}")

    client("s3", config=config).list_buckets()

    assert rows(aws, None, None) == [(None, None, "s3:ListAllMyBuckets", "arn:aws:s3:::*")]
    assert [(run["dag"], run["calls"]) for run in aws.calls.runs()] == [(None, 1)]


def test_names_are_what_was_quoted(aws: LocalAws, client: ClientOf) -> None:
    names = ("ein DAG/ü", "manual__2026-01-01T00:00:00+00:00", "group.task #1")
    client("s3", config=marked(*names)).list_buckets()

    assert rows(aws, *names[:2]) == [("airflow", names[2], "s3:ListAllMyBuckets", "arn:aws:s3:::*")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "AWS4-HMAC-SHA256 Credential=", "X-Amz-Target": "A.B"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/../../x/aws4_request", "X-Amz-Target": "\xff"},
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/1/r/sagemaker/aws4_request",
            "X-Amz-Target": "S.<b>",
        },
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/1/us-east-1/sqs/aws4_request",
            "X-Amz-Target": "AmazonSQS.ListQueues",
            "Content-Type": "application/x-amz-json-1.0",
        },
        {"User-Agent": "md/millrace-task#\xff/\xff/\xff"},
    ],
)
def test_what_cannot_be_read_is_still_answered_and_counted(aws: LocalAws, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}

    answer = httpx.post(f"{aws.endpoint_url}/x/y", headers=raw, content=b"[" * 10_000)

    assert answer.status_code >= 400
    assert [run["calls"] for run in aws.calls.runs()] == [1]


def test_a_request_that_names_a_job_belongs_to_the_jobs_run(account: Account, aws: LocalAws) -> None:
    account.sagemaker.create_processing_job(**account.processing_request("named", "pass", Tags=TAGS))
    arn = account.processed("named")["ProcessingJobArn"]
    account.sagemaker.list_tags(ResourceArn=arn)
    account.sagemaker.list_processing_jobs()

    airflow = [row[1:] for row in rows(aws) if row[0] == "airflow"]
    assert airflow == [
        ("t", "sagemaker:CreateProcessingJob", arn),
        ("t", "sagemaker:DescribeProcessingJob", arn),
        ("t", "sagemaker:ListTags", arn),
    ]
    assert counted(aws, "sagemaker:ListProcessingJobs", None, None) == (1, 0)


PROGRAM = """
import boto3, os, urllib.request
s3 = boto3.client("s3")
where = {"Bucket": "jobs", "Key": "main/d/r/by-the-program"}
s3.put_object(**where, Body=b"x")
signed = s3.generate_presigned_url("get_object", Params=where)
print(urllib.request.urlopen(signed).read())
for version in ("s3", "s3v4"):
    config = boto3.session.Config(signature_version=version)
    client = boto3.client("s3", config=config)
    signed = client.generate_presigned_url("get_object", Params=where)
    urllib.request.urlopen(signed).read()
print("key", os.environ["AWS_ACCESS_KEY_ID"])
"""


def test_a_job_calls_with_a_key_of_its_own(account: Account, aws: LocalAws) -> None:
    uri = account.put("main/d/r/in/x")
    request = account.processing_request("own", "", inputs=[("in", uri)], Tags=TAGS)
    program = f"import sys\nsys.path[:0] = {sys.path!r}\n{PROGRAM}"
    account.put("code/own/main.py", program.encode())
    account.sagemaker.create_processing_job(**request)
    job = account.processed("own")
    keys = [line for line in account.lines("/aws/sagemaker/ProcessingJobs", "own/") if line.startswith("key")]

    assert job["ProcessingJobStatus"] == "Completed", job
    folder = "arn:aws:s3:::jobs/main/d/r/*"
    own = [row[1:] for row in rows(aws) if row[0] == "job"]
    assert ("t", "s3:PutObject", folder) in own
    assert ("t", "s3:GetObject", folder) in own  # the input, and presigned
    assert ("t", "s3:ListBucket", "arn:aws:s3:::jobs") in own
    assert counted(aws, "s3:GetObject")[0] == 7  # a HEAD and a GET for each input, three presigned URLs
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs"
    assert ("t", "logs:PutLogEvents", group) in own
    [key] = keys
    assert re.fullmatch("key LOCALJOB[A-Z2-7]{12}", key)


def test_a_job_of_no_run_is_a_job_all_the_same(account: Account, aws: LocalAws) -> None:
    account.process("untagged", "pass")

    assert {row[0] for row in rows(aws, None, None) if row[2] == "logs:PutLogEvents"} == {"job"}


def test_the_record_outlives_the_server_and_holds_no_secret(tmp_path: Path) -> None:
    home = tmp_path / "aws"
    with LocalAws(home=home, images=tmp_path / "images") as aws:
        s3 = connect(aws.endpoint_url, "s3", config=marked("d", "r", "t"))
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="main/d/r/private-name", Body=b"a secret body")
        httpx.get(s3.generate_presigned_url("get_object", Params=KEY))
        before = aws.calls.document("d", "r")
    files = list((home / "calls").iterdir())
    written = "".join(path.read_text() for path in files)
    (home / "calls" / "broken.json").write_text('{"dag": "x"')
    with LocalAws(home=home, images=tmp_path / "images") as aws:
        after = aws.calls.document("d", "r")
        connect(aws.endpoint_url, "s3", config=marked("d", "r", "t")).list_buckets()
        later = aws.calls.document("d", "r")

    assert "unattributed.json" in {path.name for path in files}
    assert before == after
    assert later
    assert before
    assert later["calls"] == before["calls"] + 1
    for secret in ("anything", "anybody", "secret", "private-name", "Signature"):
        assert secret not in written


def test_it_is_written_while_the_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.aws.calls.record.SECONDS", 0.05)
    record = Record(tmp_path / "calls")
    record.start()
    record.add(Caller("airflow", "d", "r", "t"), [("s3:GetObject", None)], failed=False)
    deadline = time.monotonic() + 10
    while not (found := list(tmp_path.glob("calls/*.json"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    text = found[0].read_text()
    record.stop()

    assert json.loads(text)["entries"][0]["action"] == "s3:GetObject"


def test_the_oldest_runs_are_forgotten(tmp_path: Path) -> None:
    record = Record(tmp_path / "calls")
    record.add(NOBODY, [("s3:GetObject", None)], failed=False)
    for number in range(MAX_RUNS + 10):
        record.add(Caller("job", "d", f"r{number}"), [("s3:GetObject", None)], failed=False)
        if number == 5:
            record.write()
    record.stop()
    again = Record(tmp_path / "calls")
    again.load()

    assert record.runs()[0]["run"] == f"r{MAX_RUNS + 9}"
    for runs in (record.runs(), again.runs()):
        assert len(runs) == MAX_RUNS
        assert {run["run"] for run in runs} >= {None, "r11"}
        assert not {"r0", "r5", "r10"} & {run["run"] for run in runs}


def test_a_run_has_so_many_entries_at_most(tmp_path: Path) -> None:
    record, caller = Record(tmp_path / "calls"), Caller("job", "d", "r", "t")
    for number in range(3 * MAX_ENTRIES):
        record.add(caller, [("s3:GetObject", f"arn:{number}")], failed=False)
    for number in range(3 * MAX_ENTRIES):
        record.add(caller, [(f"made:Up{number}", None)], failed=False)
    document = record.document("d", "r")

    assert document
    assert document["calls"] == 6 * MAX_ENTRIES
    assert len(document["entries"]) <= 2 * MAX_ENTRIES + 1
    [rest] = [entry for entry in document["entries"] if entry["resource"] is None and entry["task"] is None][
        :1
    ]
    assert rest["calls"] > 0


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_lose_no_call(tmp_path: Path, hasty: None) -> None:
    record = Record(tmp_path / "calls")

    def call(dag: str) -> None:
        for number in range(2000):
            caller = Caller("airflow", dag, f"r{number % 50}", "t")
            record.add(caller, [("s3:GetObject", f"arn:{number}")], failed=True)

    threads = [threading.Thread(target=call, args=(dag,)) for dag in "aabb"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        record.write()
    record.stop()
    again = Record(tmp_path / "calls")
    again.load()

    assert sum(run["calls"] for run in again.runs()) == 8000
    assert sum(run["errors"] for run in again.runs()) == 8000


@pytest.fixture
def get(aws: LocalAws) -> Callable[..., httpx.Response]:
    return lambda path: httpx.get(urljoin(aws.endpoint_url, path))


def links(text: str) -> list[str]:
    return [html.unescape(where) for where in re.findall(r'href="([^"]*)"', text.partition("</nav>")[2])]


@pytest.mark.parametrize(
    "names",
    [
        ("d", "manual__2026-01-01T00:00:00+00:00"),
        ("unattributed", "r"),
        ("d", "x.json"),
        ("..", "."),
        ("a/b", "c//d"),
        ("<script>", "\"'&%2F?#"),
    ],
)
def test_the_page_of_a_run_is_found_by_following_links(
    client: ClientOf, get: Callable[..., httpx.Response], names: tuple[str, str]
) -> None:
    client("s3", config=marked(*names, "<b>t</b>")).list_buckets()

    [where] = links(get(CALLS).text)
    shown = get(where)
    [document] = links(shown.text)
    answer = get(document)

    assert shown.status_code == 200
    assert "&lt;b&gt;t&lt;/b&gt;" in shown.text
    assert "<script>" not in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.json()["dag"], answer.json()["run"]) == names
    assert [entry["action"] for entry in answer.json()["entries"]] == ["s3:ListAllMyBuckets"]


def test_unattributed_calls_have_a_page(client: ClientOf, get: Callable[..., httpx.Response]) -> None:
    assert "Nothing is here" in get(CALLS).text
    client("s3").list_buckets()

    assert links(get(CALLS).text) == [f"{CALLS}unattributed"]
    assert get(f"{CALLS}unattributed.json").json()["dag"] is None
    assert "s3:ListAllMyBuckets" in get(f"{CALLS}unattributed").text


@pytest.mark.parametrize("path", ["nobody", "d/none", "d/none.json", "?dag=d&run=x"])
def test_a_run_that_called_nothing_is_one_sentence(get: Callable[..., httpx.Response], path: str) -> None:
    answer = get(f"{CALLS}{path}")

    assert (answer.status_code, answer.text.count("\n")) == (404, 1)
    assert answer.text.startswith("There is no record of calls of ")


def test_pages_are_not_calls(aws: LocalAws, get: Callable[..., httpx.Response]) -> None:
    get(CALLS)
    get("/_millrace/s3/")

    assert aws.calls.runs() == []
