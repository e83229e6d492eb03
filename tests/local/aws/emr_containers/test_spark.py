"""A real Spark application: configuration, parameters, modules in an archive, data in S3."""

import pytest

from include.bundles import Bundle
from tests.include.jobs.conftest import IMAGES
from tests.local.aws.emr_containers.account import Account

CODE = """
import sys
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from doubling import double

spark = SparkSession.builder.getOrCreate()
found = spark.read.json(sys.argv[1]).select(udf(double, "long")("x").alias("y"))
found.coalesce(1).write.csv(sys.argv[2])
print(spark.conf.get("spark.configured"), spark.conf.get("spark.given"), spark.conf.get("spark.both"))
"""


@pytest.fixture(scope="module")
def images():
    """Shared with `make run`, so that the environment is installed once."""
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The images of the repository."""
    return {}


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()


def test_spark_runs_with_configuration_parameters_and_modules(account):
    modules = account.put("modules.zip", Bundle({"doubling.py": b"double = lambda x: 2 * x\n"}).zipped())
    data = account.put("in/a.json", '{"x": 1}\n{"x": 2}\n')
    request = account.request(
        "real",
        CODE,
        arguments=[data, f"s3://{account.bucket}/out"],
        parameters=f"--py-files {modules} --conf 'spark.given=a b' --conf spark.both=given",
    )
    properties = {"spark.configured": "sweet", "spark.both": "configured", "spark.driver.memory": "512g"}
    request["configurationOverrides"]["applicationConfiguration"] = [
        {"classification": "spark-defaults", "properties": properties},
        {"classification": "emr-job-submitter", "properties": {"jobsubmitter.logging": "DISABLED"}},
    ]
    id_ = account.emr.start_job_run(**request)["id"]
    job = account.ended(id_)
    assert job["state"] == "COMPLETED", (job["stateDetails"], account.lines(id_, "stderr"))
    assert account.lines(id_, "stdout") == ["sweet a b given"]
    [part] = [key for key in account.keys("out/") if key.endswith(".csv")]
    assert account.get(part) == b"2\n4\n"


def test_spark_that_does_not_find_its_script_says_so(account):
    driver = {"sparkSubmitJobDriver": {"entryPoint": f"s3://{account.bucket}/nowhere.py"}}
    job = account.ended(account.start("nowhere", jobDriver=driver))
    assert (job["state"], job["failureReason"]) == ("FAILED", "USER_ERROR")
    assert "FileNotFoundException" in job["stateDetails"]
    assert "nowhere.py" in job["stateDetails"]
