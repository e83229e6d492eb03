"""Where links lead: AWS's console by region and partition, or the local AWS's own pages."""

from types import SimpleNamespace

import pytest

from millrace.jobs import ENDPOINT, PROCESSING, TRAINING, TRANSCRIPTION, TUNING
from millrace.pages import folder_of, job_page, log_page, object_page, reviews_page

AWS = SimpleNamespace(
    endpoint_url="https://api.sagemaker.eu-west-1.amazonaws.com", region_name="eu-west-1", partition="aws"
)
CHINA = SimpleNamespace(
    endpoint_url="https://api.sagemaker.cn-north-1.amazonaws.com.cn",
    region_name="cn-north-1",
    partition="aws-cn",
)
LOCAL = SimpleNamespace(endpoint_url="http://127.0.0.1:4566", region_name="us-east-1", partition="aws")


@pytest.mark.parametrize(
    ("meta", "kind", "page"),
    [
        (
            AWS,
            TRAINING,
            "https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/jobs/a-1",
        ),
        (
            CHINA,
            ENDPOINT,
            "https://cn-north-1.console.amazonaws.cn/sagemaker/home?region=cn-north-1#/endpoints/a-1",
        ),
        (
            AWS,
            TRANSCRIPTION,
            "https://eu-west-1.console.aws.amazon.com/transcribe/home?region=eu-west-1#jobDetails/a-1",
        ),
        (LOCAL, PROCESSING, "http://127.0.0.1:4566/_millrace/jobs/processing-jobs/a-1"),
    ],
)
def test_the_page_of_a_job(meta, kind, page):
    assert job_page(meta, kind, "a-1") == page


def test_reviews_are_looked_at_in_their_list():
    assert reviews_page(LOCAL) == "http://127.0.0.1:4566/_millrace/review/"
    assert reviews_page(AWS) == (
        "https://eu-west-1.console.aws.amazon.com/a2i/home?region=eu-west-1#/human-review-workflows"
    )


def test_the_log_of_a_job_is_its_streams_in_cloudwatch():
    assert log_page(AWS, PROCESSING, "a-1") == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FProcessingJobs$3FlogStreamNameFilter$3Da-1$252F"
    )
    assert log_page(AWS, TUNING, "a-1").endswith("TrainingJobs$3FlogStreamNameFilter$3Da-1-")
    assert (
        log_page(LOCAL, PROCESSING, "a-1") == "http://127.0.0.1:4566/_millrace/jobs/processing-jobs/a-1#log"
    )


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("s3://b/a/x y.csv", "https://eu-west-1.console.aws.amazon.com/s3/object/b?prefix=a/x%20y.csv"),
        ("s3://b/a/", "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?prefix=a/"),
    ],
)
def test_an_object_or_a_folder(uri, page):
    assert object_page(AWS, uri) == page
    assert object_page(LOCAL, uri) == f"http://127.0.0.1:4566/_millrace/s3/{uri[5:].replace(' ', '%20')}"


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("s3://b/run/features/csv", "s3://b/run/features/csv/"),
        ("s3://b/run/features/", "s3://b/run/features/"),
        ("s3://b/run/model/output/model.tar.gz", "s3://b/run/model/output/"),
    ],
)
def test_what_a_job_leaves_is_looked_at_in_its_folder(uri, folder):
    assert folder_of(uri) == folder
