"""Processing jobs through boto3, as a client of AWS sees them."""

import json
import os
import time

import pytest

from tests.local.aws.sagemaker.account import until
from tests.local.aws.sagemaker.shapes import problems

COPY = """
import pathlib
base = pathlib.Path("/opt/ml/processing".replace("/opt/ml", __import__("os").environ["SAGEMAKER_BASE_DIR"]))
for file in (base / "in").rglob("*"):
    if file.is_file():
        target = base / "out" / file.relative_to(base / "in")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes().upper())
"""


def test_inputs_come_in_outputs_go_out_and_the_description_is_complete(account):
    account.put("copy/in/a b/ünï?#.txt", b"hello")
    account.put("copy/in/plain.txt", b"there")
    uri = f"s3://{account.bucket}/copy"
    job = account.process(
        "copy", COPY, inputs=[("in", f"{uri}/in")], outputs=[("out", f"{uri}/out", "EndOfJob")]
    )
    assert job["ProcessingJobStatus"] == "Completed", job
    assert account.get("copy/out/a b/ünï?#.txt") == b"HELLO"
    assert account.keys("copy/out/") == ["copy/out/a b/ünï?#.txt", "copy/out/plain.txt"]
    assert problems("DescribeProcessingJob", job) == []
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["ProcessingInputs"][0]["S3Input"]["LocalPath"] == "/opt/ml/processing/in"


def test_an_empty_output_folder_uploads_nothing_and_succeeds(account):
    uri = f"s3://{account.bucket}/none"
    job = account.process("none", "pass", outputs=[("out", uri, "EndOfJob")])
    assert (job["ProcessingJobStatus"], account.keys("none")) == ("Completed", [])


def test_paths_in_arguments_and_environment_are_those_of_the_job(account):
    code = "import os, sys; print(sys.argv[1:]); print(os.environ['WHERE'], os.getcwd())"
    request = account.processing_request("paths", code, Environment={"WHERE": "/opt/ml/processing/x"})
    request["AppSpecification"]["ContainerArguments"] = ["--in=/opt/ml/processing/in", "/optional"]
    account.sagemaker.create_processing_job(**request)
    account.processed("paths")
    arguments, where = account.lines("/aws/sagemaker/ProcessingJobs", "paths/")
    assert "/jobs/processing/paths/algo-1/opt/ml/processing/in'" in arguments
    assert "'/optional'" in arguments
    value, cwd = where.split(" ", 1)
    assert value == f"{cwd}/opt/ml/processing/x"


def test_a_job_finds_its_configuration_and_the_account(account):
    code = """
import json, os, pathlib
config = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "config"
job = json.loads((config / "processingjobconfig.json").read_text())
hosts = json.loads((config / "resourceconfig.json").read_text())
print(json.dumps([job["ProcessingJobName"], hosts["hosts"], hosts["current_host"], dict(os.environ)]))
"""
    account.process("config", code)
    [line] = account.lines("/aws/sagemaker/ProcessingJobs", "config/")
    name, hosts, host, environment = json.loads(line)
    assert (name, hosts, host) == ("config", ["algo-1"], "algo-1")
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert environment["PROCESSING_JOB_NAME"] == "config"
    # The server's own environment, which may hold secrets, stays outside.
    assert not {"AIRFLOW_HOME", "MILLRACE_ROLE_ARN", "MILLRACE_IMAGE_SOURCES"} & set(environment)
    assert "AIRFLOW_HOME" in os.environ


def test_a_failing_program_says_why_and_leaves_no_end_of_job_output(account):
    code = """
import os, pathlib
(pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "processing/out/half.txt").write_text("half")
raise ValueError("row 7 has no label")
"""
    job = account.process("fails", code, outputs=[("out", f"s3://{account.bucket}/fails", "EndOfJob")])
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: ValueError: row 7 has no label, exit code: 1"
    assert account.keys("fails") == []
    assert problems("DescribeProcessingJob", job) == []


def test_the_message_file_is_the_reason_and_the_exit_message(account):
    code = """
import os, pathlib, sys
file = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "output/message"
file.write_text("too few rows: 3 of 10" + "!" * 2000)
print("noise")
sys.exit(4)
"""
    job = account.process("message", code)
    assert job["ExitMessage"].startswith("too few rows: 3 of 10!")
    assert job["FailureReason"].startswith("AlgorithmError: too few rows: 3 of 10!")
    assert (len(job["ExitMessage"]), len(job["FailureReason"])) == (1024, 1024)


def test_continuous_outputs_are_there_before_the_job_ends_and_renamed_files_once(account):
    code = """
import os, pathlib, time, urllib.request
out = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "processing/out"
(out / "log.inprogress").write_text("early")
for _ in range(600):
    time.sleep(0.05)
    if os.environ["KEY"] in urllib.request.urlopen(os.environ["LISTING"]).read().decode():
        break
(out / "log.inprogress").rename(out / "log")
raise SystemExit("fails after all")
"""
    listing = f"{account.s3.meta.endpoint_url}/{account.bucket}?list-type=2&prefix=events"
    job = account.process(
        "continuous",
        code,
        outputs=[("out", f"s3://{account.bucket}/events", "Continuous")],
        Environment={"KEY": "log.inprogress", "LISTING": listing},
    )
    assert job["FailureReason"] == "AlgorithmError: fails after all, exit code: 1"
    assert account.keys("events") == ["events/log"]


def test_no_line_is_lost_and_long_lines_are_cut(account):
    code = "import sys; [print(i) for i in range(12000)]; print('y' * 300_000); sys.stdout.write('the end')"
    account.process("talks", code)
    lines = account.lines("/aws/sagemaker/ProcessingJobs", "talks/")
    assert lines[:12000] == [str(i) for i in range(12000)]
    assert "".join(lines[12000:-1]) == "y" * 300_000
    assert lines[-1] == "the end"


def test_stop_lets_the_program_finish_its_work_and_leaves_no_process(account):
    code = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit("saved"))
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
    account.sagemaker.create_processing_job(**account.processing_request("stops", code))
    [line] = until(lambda: account.log("/aws/sagemaker/ProcessingJobs", "stops/"), bool)
    account.sagemaker.stop_processing_job(ProcessingJobName="stops")
    job = account.processed("stops")
    assert job["ProcessingJobStatus"] == "Stopped"
    assert account.lines("/aws/sagemaker/ProcessingJobs", "stops/")[-1] == "saved"
    until(lambda: [pid for pid in line.split() if _alive(int(pid))], lambda alive: not alive, 5)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_that_runs_too_long_is_stopped(account):
    began = time.monotonic()
    job = account.process(
        "long", "import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1}
    )
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeExceeded" in job["ExitMessage"]
    assert time.monotonic() - began < 30


def test_missing_input_is_a_client_error_that_names_the_uri(account):
    for name, uri in (
        ("no-object", f"s3://{account.bucket}/nothing/here"),
        ("no-bucket", "s3://no-such-bucket/x"),
    ):
        job = account.process(name, "pass", inputs=[("in", uri)])
        assert job["ProcessingJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("ClientError: ")
        assert f'No S3 objects found under S3 URL "{uri}"' in job["FailureReason"]


def test_an_object_whose_key_climbs_out_is_refused(account, server):
    account.put("climb/../../../../../escaped", b"!")
    job = account.process("climb", "pass", inputs=[("in", f"s3://{account.bucket}/climb/")])
    assert job["ProcessingJobStatus"] == "Failed"
    assert "outside the input's folder" in job["FailureReason"]
    assert not list(server.home.rglob("escaped"))


def test_hosts_have_names_and_share_the_objects(account):
    for n in range(4):
        account.put(f"shard/{n}", str(n).encode())
    code = """
import json, os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
host = json.loads((base / "config/resourceconfig.json").read_text())["current_host"]
names = sorted(p.name for p in (base / "processing/in").iterdir())
(base / "processing/out" / host).write_text(" ".join(names))
"""
    inputs, outputs = (
        [("in", f"s3://{account.bucket}/shard")],
        [("out", f"s3://{account.bucket}/hosts", "EndOfJob")],
    )
    request = account.processing_request("hosts", code, inputs=inputs, outputs=outputs)
    request["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    account.sagemaker.create_processing_job(**request)
    assert account.processed("hosts")["ProcessingJobStatus"] == "Completed"
    assert [account.get(key) for key in account.keys("hosts/")] == [b"0 2", b"1 3"]


def test_a_manifest_names_the_objects(account):
    account.put("m/1", b"1")
    account.put("m/2", b"2")
    uri = account.put("m/manifest", json.dumps([{"prefix": f"s3://{account.bucket}/m/"}, "2"]).encode())
    inputs, outputs = [("in", uri)], [("out", f"s3://{account.bucket}/listed", "EndOfJob")]
    request = account.processing_request("manifest", COPY, inputs=inputs, outputs=outputs)
    request["ProcessingInputs"][0]["S3Input"]["S3DataType"] = "ManifestFile"
    account.sagemaker.create_processing_job(**request)
    assert account.processed("manifest")["ProcessingJobStatus"] == "Completed"
    assert account.keys("listed/") == ["listed/2"]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("missing", [{"prefix": "s3://jobs/m/"}, "1", "9"], 's3://jobs/m/9" given in input data source'),
        ("bucket", [{"prefix": "s3://nobody/m/"}, "1"], 's3://nobody/m/1" given in input data source'),
        ("empty", [{"prefix": "s3://jobs/m/"}], "The manifest s3://jobs/bad/empty names no objects"),
        ("nothing", [], "The manifest s3://jobs/bad/nothing names no objects"),
        ("dict", {"prefix": "s3://jobs/m/"}, "The manifest s3://jobs/bad/dict names no objects"),
        ("numbers", [{"prefix": "s3://jobs/m/"}, 1], "The manifest s3://jobs/bad/numbers names no objects"),
        ("text", "m/1\nm/2", "The manifest s3://jobs/bad/text is not JSON: Expecting value: line 1 column 1"),
    ],
)
def test_a_manifest_that_names_nothing_that_is_there_fails_the_job(account, name, body, says):
    account.put("m/1", b"1")
    content = body if isinstance(body, str) else json.dumps(body)
    inputs = [("in", account.put(f"bad/{name}", content.encode()))]
    request = account.processing_request(f"bad-{name}", "print('started')", inputs=inputs)
    request["ProcessingInputs"][0]["S3Input"]["S3DataType"] = "ManifestFile"
    account.sagemaker.create_processing_job(**request)
    job = account.processed(f"bad-{name}")
    assert job["FailureReason"].startswith("ClientError: Data download failed:")
    assert says in job["FailureReason"]
    assert account.log("/aws/sagemaker/ProcessingJobs", f"bad-{name}/") == []


def test_finished_jobs_leave_no_files(account, server):
    account.process("tidy", "open('scratch', 'w').write('x')")
    folder = server.home / "jobs" / "processing"
    until(
        lambda: [p.name for p in folder.iterdir()] if folder.is_dir() else [],
        lambda names: "tidy" not in names,
    )


def test_list_filters_sorts_and_pages(account):
    for name in ("list-b", "list-a", "list-c"):
        account.process(name, "pass" if name != "list-c" else "raise SystemExit(1)")
    listing = account.sagemaker.list_processing_jobs
    answer = listing(NameContains="LIST-")
    assert problems("ListProcessingJobs", answer) == []
    assert _names(answer) == ["list-b", "list-a", "list-c"]
    assert _names(listing(NameContains="list-", SortBy="Name", SortOrder="Descending")) == [
        "list-c",
        "list-b",
        "list-a",
    ]
    assert _names(listing(NameContains="list-", StatusEquals="Failed")) == ["list-c"]
    first = listing(NameContains="list-", MaxResults=2)
    rest = listing(NameContains="list-", MaxResults=2, NextToken=first["NextToken"])
    assert (_names(first), _names(rest)) == (["list-b", "list-a"], ["list-c"])
    assert "NextToken" not in rest
    after = account.sagemaker.describe_processing_job(ProcessingJobName="list-b")["CreationTime"]
    assert _names(listing(NameContains="list-", CreationTimeAfter=after)) == ["list-a", "list-c"]


def _names(answer):
    return [job["ProcessingJobName"] for job in answer["ProcessingJobSummaries"]]


def test_jobs_beyond_the_bound_wait_and_a_waiting_one_can_be_stopped(account, tmp_path):
    code = "import os, time\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.02)"
    go = tmp_path / "go"
    for n in range(3):
        account.sagemaker.create_processing_job(
            **account.processing_request(f"queue-{n}", code, Environment={"GO": str(go)})
        )
    describe = lambda n: account.sagemaker.describe_processing_job(ProcessingJobName=f"queue-{n}")  # noqa: E731
    until(lambda: describe(1), lambda job: "ProcessingStartTime" in job)
    time.sleep(0.3)
    assert "ProcessingStartTime" not in describe(2)
    assert describe(2)["ProcessingJobStatus"] == "InProgress"
    account.sagemaker.stop_processing_job(ProcessingJobName="queue-2")
    assert account.processed("queue-2")["ProcessingJobStatus"] == "Stopped"
    try:
        go.touch()
        assert [account.processed(f"queue-{n}")["ProcessingJobStatus"] for n in (0, 1)] == ["Completed"] * 2
    finally:
        go.unlink()


@pytest.mark.parametrize("name", ["stop-none", "stop-done"])
def test_stopping_what_does_not_run_is_refused(account, name):
    if name == "stop-done":
        account.process(name, "pass")
    with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
        account.sagemaker.stop_processing_job(ProcessingJobName=name)
    expected = "in status Completed" if name == "stop-done" else "Could not find requested job"
    assert expected in str(caught.value)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
