"""Spark's submission: configuration files and what stops it before Spark starts. No Spark is needed."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from include.images.spark import configuration, fetch_jars

IMAGES = Path(configuration.__file__).parents[1]
REPOSITORY = IMAGES.parents[1]


def _write(folder, *entries, defaults=None):
    return configuration.write(list(entries), folder, defaults or {})


def test_every_kind_of_classification_is_its_file(tmp_path):
    exports = _write(
        tmp_path,
        {
            "Classification": "spark-defaults",
            "Properties": {"spark.executor.memory": "1g", "spark.x": "from us"},
        },
        {"Classification": "hive-site", "Properties": {"a<b": "c&d"}},
        {"Classification": "core-site", "Properties": {"fs.s3a.endpoint": "x"}},
        {"Classification": "hdfs-site", "Properties": {"dfs": "1"}},
        {"Classification": "yarn-site", "Properties": {"yarn": "1"}},
        {"Classification": "spark-log4j2", "Properties": {"rootLogger.level": "debug"}},
        {"Classification": "spark-metrics", "Properties": {"m": "1"}},
        {
            "Classification": "spark-env",
            "Properties": {},
            "Configurations": [{"Classification": "export", "Properties": {"WORDS": "it's $HOME"}}],
        },
        {
            "Classification": "hadoop-env",
            "Configurations": [{"Classification": "export", "Properties": {"H": "1"}}],
        },
        defaults={"spark-defaults": {"spark.x": "default", "spark.y": "default"}, "spark-log4j": {"a": "b"}},
    )
    assert (tmp_path / "spark-defaults.conf").read_text().splitlines() == [
        "spark.executor.memory 1g",
        "spark.x from us",
        "spark.y default",
    ]
    assert (tmp_path / "log4j2.properties").read_text() == "rootLogger.level=debug\n"
    assert (tmp_path / "metrics.properties").read_text() == "m=1\n"
    [entry] = ET.parse(tmp_path / "hive-site.xml").getroot()
    assert (entry.findtext("name"), entry.findtext("value")) == ("a<b", "c&d")
    for name in ("core-site", "hdfs-site", "yarn-site"):
        assert len(ET.parse(tmp_path / f"{name}.xml").getroot()) == 1
    assert exports == {"WORDS": "it's $HOME", "H": "1"}
    shell = f". {tmp_path}/spark-env.sh; printf '%s' \"$WORDS\""
    assert (
        subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout == "it's $HOME"
    )


@pytest.mark.parametrize("content", ["{", '[{"Properties": {}}]', "[1]"])
def test_a_wrong_file_is_refused(tmp_path, content):
    (tmp_path / "configuration.json").write_text(content)
    with pytest.raises(ValueError, match=r"configuration\.json"):
        configuration.read(tmp_path / "configuration.json")


def test_an_unknown_classification_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Classification 'spark-defautls' is not known"):
        _write(tmp_path, {"Classification": "spark-defautls"})


def _submit(tmp_path, *arguments, **environment):
    base = tmp_path / "opt" / "ml"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(IMAGES),
        "SAGEMAKER_BASE_DIR": str(base),
        **environment,
    }
    message = base / "output" / "message"
    message.unlink(missing_ok=True)
    program = IMAGES / "spark" / "bin" / "smspark-submit"
    done = subprocess.run(
        [sys.executable, program, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.strip(), message.read_text() if message.is_file() else None


def test_a_missing_java_is_one_sentence(tmp_path):
    code, said, message = _submit(tmp_path, "app.py", PATH=str(tmp_path))
    assert (code, said) == (1, message)
    assert said.startswith("Spark needs Java and found none. Install a Java runtime of version 17 or newer")


def test_an_old_java_is_one_sentence(tmp_path):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    code, said, _ = _submit(tmp_path, "app.py", JAVA_HOME=str(tmp_path))
    assert code == 1
    assert said.startswith(f"Spark needs Java 17 and found version 11 at {java}.")


@pytest.fixture
def java(tmp_path):
    """A program that answers as Java does when it is asked for its version."""
    program = tmp_path / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
    program.chmod(0o755)
    return str(tmp_path / "jdk")


def test_a_missing_application_a_jar_without_class_and_a_missing_folder(tmp_path, java):
    (tmp_path / "a.jar").touch()
    (tmp_path / "a.py").touch()
    for arguments, says in (
        (["none.py"], "The application none.py is not there"),
        ([str(tmp_path / "a.jar")], "name its main class with --class"),
        (["--py-files", "/no/folder", str(tmp_path / "a.py")], "/no/folder is neither a file nor a folder"),
    ):
        code, said, message = _submit(tmp_path, *arguments, JAVA_HOME=java)
        assert (code, says in said, says in message) == (1, True, True), said


def test_a_job_s_hosts_have_to_be_known(tmp_path, java):
    config = tmp_path / "opt" / "ml" / "config"
    config.mkdir(parents=True)
    (config / "resourceconfig.json").write_text(json.dumps({"hosts": ["algo-1", "algo-2"]}))
    (tmp_path / "a.py").touch()
    elsewhere = json.dumps({"algo-1": "127.0.0.1"})
    code, said, _ = _submit(tmp_path, tmp_path / "a.py", JAVA_HOME=java, MILLRACE_HOST_ADDRESSES=elsewhere)
    assert code == 1
    assert said.endswith("There is no address of host algo-2.")


def _spark_defaults(base, **properties):
    """The job's own ``spark-defaults``, and a job of two hosts."""
    folder = base / "processing" / "input" / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"Classification": "spark-defaults", "Properties": properties}
    (folder / "configuration.json").write_text(json.dumps([entry]))
    (base / "config").mkdir(parents=True, exist_ok=True)
    resources = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}
    (base / "config" / "resourceconfig.json").write_text(json.dumps(resources))


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("memory", "4g", "spark.executor.memory is 4g, more than the 3000m that each host offers: give less"),
        ("memory", "3001", "spark.executor.memory is 3001, more than the 3000m"),
        ("memory", "3GiB", "spark.executor.memory is '3GiB': give it as 2g or 1500m."),
        ("cores", "999", "spark.executor.cores is 999: each host offers "),
        ("cores", "two", "spark.executor.cores is two: each host offers "),
    ],
)
def test_executors_that_no_host_can_run_are_not_waited_for(tmp_path, java, name, asked, says):
    _spark_defaults(tmp_path / "opt" / "ml", **{f"spark.executor.{name}": asked})
    (tmp_path / "a.py").touch()
    addresses = json.dumps({"algo-1": "127.0.0.1", "algo-2": "127.0.0.2"})
    there = {"MILLRACE_HOST_ADDRESSES": addresses, "MILLRACE_SPARK_MEMORY": "8000"}
    code, said, message = _submit(tmp_path, tmp_path / "a.py", JAVA_HOME=java, **there)
    assert (code, says in said, says in message) == (1, True, True), said


EXECUTORS = """
import json
from cluster import check_executors
from layout import Layout
layout = Layout({"algo-1": "127.5.0.1", "algo-2": "127.5.0.2"}, "algo-1")
for memory in ("3000m", "3000", "3000mb", "2G", "3072000k", "3145728000b"):
    check_executors(layout, {"spark.executor.memory": memory, "spark.executor.cores": "1"})
print(json.dumps("fits"))
"""


def test_executors_that_fit_are_let_through_however_spark_writes_them(tmp_path):
    assert _inside(tmp_path, EXECUTORS, MILLRACE_SPARK_MEMORY="8000") == "fits"


def _inside(tmp_path, code, **environment):
    """What a program with the image's own modules prints, as JSON."""
    there = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{IMAGES}{os.pathsep}{IMAGES / 'spark'}",
        "SAGEMAKER_BASE_DIR": str(tmp_path),
        **environment,
    }
    there = {name: value for name, value in there.items() if value}
    done = subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


DEFAULTS = """
import json
from layout import Layout
from defaults import spark_defaults
hosts = {"algo-1": "127.5.0.1", "algo-2": "127.5.0.2"}
print(json.dumps([spark_defaults(Layout(hosts, "algo-1"), None),
                  spark_defaults(Layout({"algo-1": "127.0.0.1"}, "algo-1"), None)]))
"""


def test_several_hosts_are_a_cluster_and_one_is_none(tmp_path):
    cluster, alone = _inside(tmp_path, DEFAULTS, MILLRACE_SPARK_MEMORY="8000")
    assert cluster["spark.master"] == "spark://127.5.0.1:7077"
    assert (cluster["spark.driver.host"], cluster["spark.driver.bindAddress"]) == ("127.5.0.1", "127.5.0.1")
    # A laptop's hosts share its memory: 8000 MB are 3000 MB for each executor and 1024 MB for the driver.
    assert (cluster["spark.executor.memory"], cluster["spark.driver.memory"]) == ("3000m", "1024m")
    assert int(cluster["spark.cores.max"]) == 2 * int(cluster["spark.executor.cores"])
    assert (alone["spark.master"], alone["spark.driver.memory"]) == ("local[*]", "8000m")
    assert "spark.executor.memory" not in alone


STORAGE = "import json, storage; print(json.dumps([storage.core_site(), storage.committers()]))"


def test_on_aws_s3_is_s3a_with_its_own_committer(tmp_path):
    hadoop, spark = _inside(tmp_path, STORAGE, SAGEMAKER_BASE_DIR="", AWS_REGION="eu-west-1")
    assert hadoop["fs.s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert hadoop["fs.s3a.committer.name"] == "magic"
    assert hadoop["fs.s3a.endpoint.region"] == "eu-west-1"
    assert "mapreduce.outputcommitter.factory.scheme.s3" in hadoop
    assert not any("credentials" in name or "access.key" in name for name in hadoop)
    assert spark["spark.sql.sources.commitProtocolClass"].endswith("PathOutputCommitProtocol")


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path, java):
    (tmp_path / "a.py").touch()
    code, said, _ = _submit(
        tmp_path, tmp_path / "a.py", JAVA_HOME=java, AWS_ENDPOINT_URL="http://127.0.0.1:9"
    )
    assert code == 1
    assert said.startswith("The local AWS at http://127.0.0.1:9 does not serve its buckets over WebHDFS")


def test_every_bucket_has_a_mount_table_unless_hadoop_would_mix_it_up(tmp_path):
    code = "import json, storage; print(json.dumps(storage.view('http://127.0.0.1:5', ['b', 'a.c', 'a'])))"
    found = _inside(tmp_path, code)
    tables = {name: value for name, value in found.items() if name.startswith("fs.viewfs.mounttable.")}
    assert tables == {
        "fs.viewfs.mounttable.a.linkFallback": "webhdfs://127.0.0.1:5/a",
        "fs.viewfs.mounttable.b.linkFallback": "webhdfs://127.0.0.1:5/b",
    }


def test_the_jars_are_of_the_versions_that_spark_was_built_with():
    pinned = dict(
        line.split("==")
        for line in (IMAGES / "spark" / "requirements.txt").read_text().split()
        if "==" in line
    )
    versions = {name: version for _, name, version in fetch_jars.ARTIFACTS}
    assert versions["spark-hadoop-cloud_2.13"] == pinned["pyspark"]
    installed = sorted(
        REPOSITORY.glob(".millrace/images/spark-*/lib/*/site-packages/pyspark/jars/hadoop-client-api-*")
    )
    for jar in installed:
        assert jar.name == f"hadoop-client-api-{versions['hadoop-aws']}.jar"


@pytest.fixture
def repository(tmp_path):
    """A Maven repository over HTTP with every artifact in it."""
    folder = tmp_path / "maven"
    for group, name, version in fetch_jars.ARTIFACTS:
        file = folder / group / name / version / f"{name}-{version}.jar"
        file.parent.mkdir(parents=True)
        file.write_bytes(name.encode())
        file.with_name(f"{file.name}.sha1").write_text(hashlib.sha1(name.encode()).hexdigest())
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_jars_are_fetched_and_compared(tmp_path, repository, capsys):
    folder, address = repository
    jars = tmp_path / "jars"
    jars.mkdir()
    assert fetch_jars.main([str(jars), "--repository", address]) == 0
    assert len(list(jars.iterdir())) == len(fetch_jars.ARTIFACTS)
    next(folder.rglob("bundle-*.jar")).write_bytes(b"something else")
    (jars / "bundle-2.35.4.jar").unlink()
    assert fetch_jars.main([str(jars), "--repository", address]) == 1
    assert "it must have" in capsys.readouterr().err
    assert not (jars / "bundle-2.35.4.jar").exists()


def test_the_image_has_every_module():
    text = (IMAGES / "spark" / "Dockerfile").read_text()
    modules = {path.name for path in (IMAGES / "spark").glob("*.py")}
    assert {name for name in modules if f"spark/{name} " in text} == modules


CHANNEL = """
import json, sys, time
from channel import Lead, Member
from ending import Outcome, SubmitError
with Lead(("127.0.0.1", 0), ["algo-2", "algo-3"]) as lead:
    address = lead.address
    members = [Member(address, name) for name in ("algo-2", "algo-3")]
    lead.wait(lambda: None)
    {act}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not (lead.lost or all(member.outcome for member in members)):
        time.sleep(0.01)
    told = [member.outcome and [member.outcome.code, member.outcome.reason] for member in members]
    print(json.dumps([lead.lost, told]))
"""


@pytest.mark.parametrize(
    ("act", "lost", "told"),
    [
        ("lead.tell(Outcome(0))", None, [[0, ""], [0, ""]]),
        ("lead.tell(Outcome(3, 'x' * 5000))", None, [[3, "x" * 1024]] * 2),
        (
            "members[1].__exit__(None, None, None)",
            "Host algo-3 is gone. Its connection closed before the application had ended.",
            None,
        ),
        ("members[0].tell(Outcome(1, 'no disk'))", "Host algo-2: no disk", None),
    ],
    ids=["good end", "bad end", "a host is gone", "a host says why"],
)
def test_hosts_tell_each_other_how_it_ends(tmp_path, act, lost, told):
    found = _inside(tmp_path, CHANNEL.replace("{act}", act))
    assert found[0] == lost
    assert told is None or found[1] == told


def test_who_is_no_host_of_the_job_is_not_let_in(tmp_path):
    code = """
import json, socket
from channel import Lead, Member
from ending import SubmitError
with Lead(("127.0.0.1", 0), ["algo-2"]) as lead:
    for hello in (b"GET / HTTP/1.0\\r\\n\\r\\n", b'{"host": "algo-9"}\\n', b"[]\\n"):
        with socket.create_connection(lead.address) as stranger:
            stranger.sendall(hello)
            assert stranger.recv(1) == b""
    try:
        lead.wait(lambda: "The Spark master ended with exit code 1.")
    except SubmitError as error:
        print(json.dumps(str(error)))
"""
    assert _inside(tmp_path, code) == "The Spark master ended with exit code 1."
