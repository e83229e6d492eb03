"""Requests of Spark on EKS: checked by botocore's model, and the same for the same run."""

import io
import zipfile
from dataclasses import replace

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from include.bundles import Bundle
from include.emr_on_eks import EmrSparkJob, Pods
from include.settings import Settings

CODE = Bundle({"build.py": b"import rows", "rows.py": b"ROWS = 3", "events.json": b"{}"})
CLUSTER = "a1b2c3"


@pytest.fixture
def on_eks(run, monkeypatch):
    monkeypatch.setenv("MILLRACE_VIRTUAL_CLUSTER_ID", CLUSTER)
    return replace(run, settings=Settings())


def properties(request):
    [defaults] = [
        entry["properties"]
        for entry in request["configurationOverrides"]["applicationConfiguration"]
        if entry["classification"] == "spark-defaults"
    ]
    return defaults


def test_a_request_is_what_aws_takes(on_eks):
    job = EmrSparkJob("build.py", code=CODE, arguments=["--day", "2026-01-01"])
    request = job.request(on_eks)
    shape = get_session().get_service_model("emr-containers").operation_model("StartJobRun").input_shape
    report = ParamValidator().validate({**request, "name": "a-1", "clientToken": "a-1"}, shape)
    assert not report.has_errors(), report.generate_report()
    assert request["virtualClusterId"] == CLUSTER
    assert request["executionRoleArn"] == on_eks.settings.role_arn
    assert request == EmrSparkJob("build.py", code=CODE, arguments=["--day", "2026-01-01"]).request(on_eks)


def test_the_script_is_read_from_s3_and_what_is_beside_it_from_an_archive(on_eks):
    job = EmrSparkJob("build.py", code=CODE)
    submit = job.request(on_eks)["jobDriver"]["sparkSubmitJobDriver"]
    code, modules = job.bundles()
    assert submit["entryPoint"] == f"{on_eks.code_uri(code.digest)}/files/build.py"
    archive = f"{on_eks.code_uri(modules.digest)}/files/modules.zip"
    assert submit["sparkSubmitParameters"] == f"--py-files {archive}"
    with zipfile.ZipFile(io.BytesIO(modules.files["modules.zip"])) as found:
        assert sorted(found.namelist()) == ["build.py", "events.json", "rows.py"]
        assert found.read("rows.py") == b"ROWS = 3"


def test_a_script_alone_needs_no_archive_and_a_jar_its_class(on_eks):
    alone = EmrSparkJob("build.py", code=Bundle({"build.py": b""})).request(on_eks)
    assert "sparkSubmitParameters" not in alone["jobDriver"]["sparkSubmitJobDriver"]
    jar = EmrSparkJob("a.jar", code=Bundle({"a.jar": b""}), main_class="A", jars=["s3://b/c.jar"]).request(
        on_eks
    )
    assert (
        jar["jobDriver"]["sparkSubmitJobDriver"]["sparkSubmitParameters"] == "--class A --jars s3://b/c.jar"
    )


def test_what_a_job_configures_takes_the_place_of_the_defaults_one_by_one(on_eks):
    configuration = [
        {"Classification": "spark-defaults", "Properties": {"spark.executor.cores": 4}},
        {"Classification": "core-site", "Properties": {"fs.a": "b"}},
        {
            "Classification": "spark-env",
            "Configurations": [{"Classification": "export", "Properties": {"TZ": "UTC"}}],
        },
    ]
    job = EmrSparkJob("build.py", code=CODE, pods=Pods(executors=5), configuration=configuration)
    request = job.request(on_eks)
    found = properties(request)
    assert (found["spark.executor.instances"], found["spark.executor.cores"]) == ("5", "4")
    assert found["spark.kubernetes.container.image"] == on_eks.settings.image_uri("spark", "latest-emr")
    assert request["configurationOverrides"]["applicationConfiguration"][1:] == [
        {"classification": "core-site", "properties": {"fs.a": "b"}},
        {
            "classification": "spark-env",
            "properties": {},
            "configurations": [{"classification": "export", "properties": {"TZ": "UTC"}}],
        },
    ]


def test_without_a_virtual_cluster_it_says_where_to_get_one(run, on_eks):
    job = EmrSparkJob("build.py", code=CODE)
    with pytest.raises(ValueError, match=r"MILLRACE_VIRTUAL_CLUSTER_ID is not set: .* given EksCluster"):
        job.request(run)
    other = EmrSparkJob("build.py", code=CODE, virtual_cluster="other").request(on_eks)
    assert other["virtualClusterId"] == "other"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"application": "train.py"}, "none of the files"),
        ({"main_class": "A"}, "a JAR needs its main class"),
        ({"configuration": [{"Properties": {}}]}, "has no 'Classification'"),
    ],
)
def test_what_cannot_run_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        EmrSparkJob(**{"application": "build.py", "code": CODE, **changes})


def test_an_address_that_aws_would_refuse_is_refused(on_eks):
    name = "x" * 200 + ".py"
    with pytest.raises(ValueError, match="allows 256 of an entry point"):
        EmrSparkJob(name, code=Bundle({name: b""})).request(on_eks)


def test_an_archive_of_the_same_files_is_the_same():
    assert CODE.zipped() == Bundle(dict(reversed(CODE.files.items()))).zipped()
