import httpx

from local.aws import jobs
from tests.local.aws.emr_containers.account import ACCOUNT


def test_a_job_run_has_a_page_with_its_name_its_log_and_its_reason(account):
    code = "print('the last words', flush=True); raise ValueError('no events')"
    id_ = account.start("shown", code, arguments=["a"], tags={"millrace:dag": "amp_lake"})
    account.ended(id_)
    pages = f"{account.endpoint_url}/_millrace/jobs/"
    listed = httpx.get(f"{pages}?kind=emr-on-eks-job-runs").text
    assert ">shown</a>" in listed
    page = httpx.get(f"{pages}emr-on-eks-job-runs/{id_}").text
    for words in ("shown - FAILED", "USER_ERROR: ValueError: no events", "the last words", "amp_lake"):
        assert words in page
    assert f"spark-submit s3://{account.bucket}/code/shown.py a" in page
    assert "the last words" in httpx.get(f"{pages}emr-on-eks-job-runs/{id_}/log").text


def test_a_job_run_is_found_by_its_arn(account):
    job = account.ended(account.start("by-arn"))
    found = jobs.of_arn(job["arn"])
    assert (found.kind, found.name, found.label) == (jobs.EMR_ON_EKS, job["id"], "by-arn")
    assert found.log == ("/spark", f"logs/{account.cluster}/jobs/{job['id']}/")
    assert (
        jobs.of_arn(f"arn:aws:emr-containers:us-east-1:{ACCOUNT}:/virtualclusters/{account.cluster}") is None
    )
