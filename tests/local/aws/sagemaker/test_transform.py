"""Batch transform jobs through boto3: a real model server answers for every object."""

import json
from pathlib import Path

import pytest

from local.aws.services.sagemaker.batches import Payload, PayloadTooLargeError, payloads
from tests.local.aws.sagemaker.account import IMAGE, until
from tests.local.aws.sagemaker.shapes import problems

LOGS = "/aws/sagemaker/TransformJobs"


@pytest.fixture(scope="module")
def model(account):
    """A model that answers with what it was sent, or as the body asks."""
    account.train("for-batch", "(base / 'model/who').write_text('batch')")
    data = f"s3://{account.bucket}/models/for-batch/output/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": data, "Environment": {"COLOUR": "red"}}
    account.sagemaker.create_model(
        ModelName="batch", ExecutionRoleArn=account.role, PrimaryContainer=container
    )
    return "batch"


def _put(account, name, **objects):
    for key, body in objects.items():
        account.put(f"in/{name}/{key}", body)
    return f"s3://{account.bucket}/in/{name}/"


def _transform(account, model, name, objects, **options):
    uri = _put(account, name, **objects)
    account.sagemaker.create_transform_job(**account.transform_request(name, model, uri, **options))
    return account.transformed(name)


def _refusal(account, request):
    with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
        account.sagemaker.create_transform_job(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_each_object_has_an_answer_beside_the_others(account, model):
    job = _transform(account, model, "works", {"a.csv": b"1,2\n3,4\n", "sub/b.csv": b"5,6"})
    assert job["TransformJobStatus"] == "Completed", job
    assert problems("DescribeTransformJob", job) == []
    assert account.keys("out/works/") == ["out/works/a.csv.out", "out/works/sub/b.csv.out"]
    assert account.get("out/works/a.csv.out") == b"1,2\n3,4\n"
    assert account.get("out/works/sub/b.csv.out") == b"5,6\n"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert job["TransformInput"]["CompressionType"] == "None"
    assert "LastModifiedTime" not in job


def test_one_object_may_be_named_and_is_sent_whole_without_a_split(account, model):
    account.put("whole/a.txt", b"describe")
    request = account.transform_request("whole", model, f"s3://{account.bucket}/whole/a.txt", lines=False)
    request["TransformOutput"]["Accept"] = "application/json"
    account.sagemaker.create_transform_job(**request, Environment={"COLOUR": "blue"})
    assert account.transformed("whole")["TransformJobStatus"] == "Completed"
    assert account.keys("out/whole/") == ["out/whole/a.txt.out"]
    seen = json.loads(account.get("out/whole/a.txt.out"))
    assert (seen["content-type"], seen["accept"]) == ("text/csv", "application/json")
    assert (seen["model"], seen["variable"]) == ({"who": "batch"}, "blue")
    assert seen["batch"] == {"SAGEMAKER_BATCH": "true", "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD"}


def test_instances_share_the_objects_and_requests_run_side_by_side(account, model):
    objects = {f"{n}.csv": "".join(f"{n},{i}\n" for i in range(5)).encode() for n in range(3)}
    resources = {"InstanceCount": 2, "InstanceType": "ml.m5.large"}
    job = _transform(
        account, model, "shared", objects, TransformResources=resources, MaxConcurrentTransforms=3
    )
    assert job["TransformJobStatus"] == "Completed", job
    for key, body in objects.items():
        assert account.get(f"out/shared/{key}.out") == body
    streams = account.logs.describe_log_streams(logGroupName=LOGS, logStreamNamePrefix="shared/")
    names = [stream["logStreamName"].split("/") for stream in streams["logStreams"]]
    assert len({name[1] for name in names}) == 2
    assert sum(name[2:] == ["data-log"] for name in names) == 2
    # Requests at the same time may print into one line.
    text = "".join(account.lines(LOGS, "shared/"))
    assert text.count("POST /invocations") == 15


def test_the_log_has_the_containers_lines_and_awss_own(account, model):
    _transform(account, model, "logged", {"a.csv": b"1\t2"})
    lines = account.lines(LOGS, "logged/")
    assert any("POST /invocations" in line for line in lines)
    settings = "[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD"
    assert any(line.endswith(settings) for line in lines)


@pytest.mark.parametrize(("status", "kind"), [(400, "ClientError"), (500, "AlgorithmError")])
def test_an_error_of_the_container_fails_the_job_and_keeps_the_other_objects(account, model, status, kind):
    name = f"refused-{status}"
    objects = {"bad.csv": f"1,2\n{status}\n".encode(), "good.csv": b"3,4\n"}
    job = _transform(account, model, name, objects, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        f"{kind}: See job logs for more information. bad.csv: Bad HTTP status received from algorithm: "
        f"{status}. Message: as you wish"
    )
    assert account.keys(f"out/{name}/") == [f"out/{name}/good.csv.out"]
    assert problems("DescribeTransformJob", job) == []
    lines = account.lines(LOGS, f"{name}/")
    assert any(f"bad.csv: {kind}: Bad HTTP status" in line for line in lines)
    sent = sum(f'"POST /invocations HTTP/1.1" {status}' in line for line in lines)
    assert sent == (1 if status == 400 else 2)


def test_a_container_that_dies_is_the_algorithms_error(account, model):
    job = _transform(
        account, model, "dies", {"a.csv": b"die"}, ModelClientConfig={"InvocationsMaxRetries": 0}
    )
    assert job["FailureReason"].startswith(
        "AlgorithmError: See job logs for more information. a.csv: Unable to get response from algorithm"
    )


def test_a_model_that_does_not_start_fails_the_job_with_its_last_line(account):
    account.train("for-broken", "(base / 'model/refuse').write_text('')")
    data = f"s3://{account.bucket}/models/for-broken/output/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": data}
    account.sagemaker.create_model(
        ModelName="broken", ExecutionRoleArn=account.role, PrimaryContainer=container
    )
    job = _transform(account, "broken", "never", {"a.csv": b"x"})
    assert job["FailureReason"].startswith("AlgorithmError: See job logs for more information.")
    assert job["FailureReason"].endswith("Its last line: this model refuses to load")


def test_an_empty_prefix_is_a_failed_download(account, model):
    uri = f"s3://{account.bucket}/not/there"
    account.sagemaker.create_transform_job(**account.transform_request("nothing", model, uri))
    job = account.transformed("nothing")
    assert job["FailureReason"].startswith(
        "ClientError: Data download failed:No S3 objects found under S3 URL"
    )


def test_an_object_over_the_limit_is_refused(account, model):
    job = _transform(account, model, "large", {"a.csv": b"x" * 1024 * 1024 + b"y"}, MaxPayloadInMB=1)
    assert "a.csv: Too much data for max payload size: 1048577 bytes" in job["FailureReason"]


def test_stop_interrupts_a_request_and_leaves_nothing(account, model):
    uri = _put(account, "stops", **{"a.csv": b"x", "b.csv": b"wait"})
    account.sagemaker.create_transform_job(**account.transform_request("stops", model, uri))
    until(lambda: account.log(LOGS, "stops/"), lambda lines: any("POST" in line for line in lines))
    account.sagemaker.stop_transform_job(TransformJobName="stops")
    job = account.transformed("stops")
    assert job["TransformJobStatus"] == "Stopped"
    assert account.keys("out/stops/") == []
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="is in status Stopped"):
        account.sagemaker.stop_transform_job(TransformJobName="stops")


def test_list(account, model):
    for name in ("listed-1", "listed-2"):
        _transform(account, model, name, {"a.csv": b"x"})
    sm = account.sagemaker
    first = sm.list_transform_jobs(NameContains="listed", MaxResults=1)
    assert problems("ListTransformJobs", first) == []
    rest = sm.list_transform_jobs(NameContains="listed", MaxResults=1, NextToken=first["NextToken"])
    names = [job["TransformJobName"] for a in (first, rest) for job in a["TransformJobSummaries"]]
    assert names == ["listed-2", "listed-1"]
    one = first["TransformJobSummaries"][0]
    assert one["TransformEndTime"] <= one["LastModifiedTime"]
    found = sm.list_transform_jobs(
        NameContains="listed", SortBy="Name", SortOrder="Ascending", StatusEquals="Completed"
    )
    assert [job["TransformJobName"] for job in found["TransformJobSummaries"]] == ["listed-1", "listed-2"]
    later = sm.list_transform_jobs(NameContains="listed", CreationTimeAfter=one["CreationTime"])
    assert later["TransformJobSummaries"] == []
    assert sm.list_transform_jobs(StatusEquals="Stopping")["TransformJobSummaries"] == []


def test_a_name_is_used_once_and_tags_are_kept(account, model):
    uri = _put(account, "once", **{"a.csv": b"x"})
    tags = [{"Key": "millrace:dag", "Value": "abalone"}]
    request = account.transform_request("once", model, uri, Tags=tags)
    arn = account.sagemaker.create_transform_job(**request)["TransformJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:transform-job/once"
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    code, message = _refusal(account, request)
    assert code == "ResourceInUse"
    assert "a transform job with this name already exists" in message


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("TransformJobName", "under_score", "at 'transformJobName'"),
        ("ModelName", "ghost", 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/ghost"'),
        ("DataCaptureConfig", {"DestinationS3Uri": "s3://b/x"}, "DataCaptureConfig is not supported"),
        ("TransformInput.CompressionType", "Gzip", "CompressionType Gzip is not supported"),
        ("TransformInput.SplitType", "RecordIO", "SplitType RecordIO is not supported"),
        ("TransformInput.DataSource.S3DataSource.S3DataType", "AugmentedManifestFile", "use S3Prefix"),
        ("TransformInput.DataSource.S3DataSource.S3Uri", "s3://B/x", "not a valid S3 URI"),
        ("TransformOutput.S3OutputPath", "https://b/x", "not a valid S3 URI"),
        ("TransformResources.InstanceType", "ml.huge", "at 'transformResources.instanceType'"),
        ("TransformResources.InstanceCount", 0, "greater than or equal to 1"),
        ("MaxPayloadInMB", 101, "is 1 * 101; the limit is 100 MB"),
        ("MaxConcurrentTransforms", 17, "is 17 * 6; the limit is 100 MB"),
    ],
)
def test_refused_requests(account, model, path, value, says):
    request = account.transform_request("never-made", model, f"s3://{account.bucket}/in/")
    *parents, last = path.split(".")
    target = request
    for name in parents:
        target = target[name]
    target[last] = value
    code, message = _refusal(account, request)
    assert (code, says in message) == ("ValidationException", True), message
    assert account.sagemaker.list_transform_jobs(NameContains="never-made")["TransformJobSummaries"] == []


def test_an_unknown_job(account):
    for call in (account.sagemaker.describe_transform_job, account.sagemaker.stop_transform_job):
        with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
            call(TransformJobName="ghost")
        assert caught.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": "Could not find requested job with name: ghost",
        }


@pytest.mark.parametrize(
    ("content", "split", "strategy", "limit", "expected"),
    [
        (b"a\nb\n", "None", "MultiRecord", 0, [b"a\nb\n"]),
        (b"a\n\nb", "Line", "SingleRecord", 0, [b"a", b"", b"b"]),
        (b"a\nb\n", "Line", "MultiRecord", 0, [b"a\nb"]),
        (b"aa\nbb\ncc\ndd", "Line", "MultiRecord", 5, [b"aa\nbb", b"cc\ndd"]),
        (b"aa\nbb\ncc\ndd", "Line", "MultiRecord", 4, [b"aa", b"bb", b"cc", b"dd"]),
        (b"", "Line", "MultiRecord", 5, []),
    ],
)
def test_payloads(tmp_path, content, split, strategy, limit, expected):
    file = tmp_path / "a"
    file.write_bytes(content)
    found = list(payloads(file, split, strategy, limit))
    assert [payload.body for payload in found] == expected
    records = [record for payload in found for record in payload.records]
    assert records == ([content] if split == "None" else content.splitlines())


def test_a_payload_remembers_the_records_that_it_was_made_of(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"1,a\n2,b\n3,c\n")
    found = list(payloads(file, "Line", "MultiRecord", 3, lambda record: record[2:]))
    assert found == [Payload(b"a\nb", [b"1,a", b"2,b"]), Payload(b"c", [b"3,c"])]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_record_over_the_limit(tmp_path, strategy):
    file = tmp_path / "a"
    file.write_bytes(b"aa\nbbbb\n")
    with pytest.raises(PayloadTooLargeError, match="4 bytes, the limit is 3"):
        list(payloads(file, "Line", strategy, 3))


def test_an_object_over_the_limit_is_not_even_read(tmp_path, monkeypatch):
    file = tmp_path / "a"
    file.write_bytes(b"bbbb")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(PayloadTooLargeError, match="4 bytes, the limit is 3"):
        list(payloads(file, "None", "SingleRecord", 3))
