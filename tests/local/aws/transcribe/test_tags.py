"""Tags, and what they are for: a job's page and its place in a run."""

import httpx
import pytest

from tests.local.aws.sagemaker.shapes import problems as compared
from tests.local.aws.transcribe.account import ACCOUNT
from tests.local.aws.transcribe.test_refusals import refusal

TAG = {"Key": "team", "Value": "speech"}


def _make(account, resource, name):
    client = account.transcribe
    words = {"LanguageCode": "en-US"}
    if resource == "transcription-job":
        account.start(name, Tags=[TAG])
    elif resource == "analytics":
        client.start_call_analytics_job(**account.call_request(name, {"items": []}, Tags=[TAG]))
    elif resource == "vocabulary":
        client.create_vocabulary(VocabularyName=name, Phrases=["x"], Tags=[TAG], **words)
    elif resource == "vocabulary-filter":
        client.create_vocabulary_filter(VocabularyFilterName=name, Words=["x"], Tags=[TAG], **words)
    else:
        client.create_language_model(**account.model_request(name, Tags=[TAG]))


@pytest.mark.parametrize(
    "resource", ["transcription-job", "analytics", "vocabulary", "vocabulary-filter", "language-model"]
)
def test_everything_is_tagged_and_untagged(account, resource):
    _make(account, resource, "tagged")
    arn = f"arn:aws:transcribe:us-east-1:{ACCOUNT}:{resource}/tagged"
    client = account.transcribe
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "ml"}, {"Key": "x", "Value": ""}])
    answer = client.list_tags_for_resource(ResourceArn=arn)
    assert compared("ListTagsForResource", answer, "transcribe") == []
    assert answer["Tags"] == [{"Key": "team", "Value": "ml"}, {"Key": "x", "Value": ""}]
    client.untag_resource(ResourceArn=arn, TagKeys=["team", "x"])
    assert "Tags" not in client.list_tags_for_resource(ResourceArn=arn)


def test_what_is_not_there_has_no_tags(account):
    arn = f"arn:aws:transcribe:us-east-1:{ACCOUNT}:vocabulary/ghost"
    assert refusal(account.transcribe.list_tags_for_resource, ResourceArn=arn)[0] == "NotFoundException"


def test_jobs_have_pages(account):
    tags = [{"Key": "millrace:dag", "Value": "transcript_improvement"}]
    account.start("shown", {"fault": "Unsupported media format."}, Tags=tags)
    account.transcribed("shown")
    listed = httpx.get(f"{account.endpoint_url}/_millrace/jobs/?dag=transcript_improvement").text
    assert "shown" in listed
    page = httpx.get(f"{account.endpoint_url}/_millrace/jobs/transcription-jobs/shown").text
    assert "FAILED" in page
    assert "Unsupported media format." in page
    assert "media/shown.wav" in page


def test_what_a_job_reads_and_writes_belongs_to_its_run(account, server):
    values = {"dag": "speech", "run": "one", "task": "transcribe"}
    account.start("attributed", Tags=[{"Key": f"millrace:{k}", "Value": v} for k, v in values.items()])
    account.transcribed("attributed")
    entries = server.calls.document("speech", "one")["entries"]
    found = {(e["principal"], e["task"], e["action"]) for e in entries if e["action"].startswith("s3:")}
    assert found == {("job", "transcribe", "s3:GetObject"), ("job", "transcribe", "s3:PutObject")}
