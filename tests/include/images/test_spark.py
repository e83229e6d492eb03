"""Spark's submission: configuration files and what stops it before Spark starts. No Spark is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from include.images.spark import configuration

IMAGES = Path(configuration.__file__).parents[1]


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


def test_several_instances_are_refused(tmp_path, java):
    config = tmp_path / "opt" / "ml" / "config"
    config.mkdir(parents=True)
    (config / "resourceconfig.json").write_text(json.dumps({"hosts": ["algo-1", "algo-2"]}))
    code, said, _ = _submit(tmp_path, "app.py", JAVA_HOME=java)
    assert code == 1
    assert said == "The job has 2 instances; this image runs Spark on one: set InstanceCount to 1."
