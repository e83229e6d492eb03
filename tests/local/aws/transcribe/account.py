"""An AWS account to transcribe in."""

import json
import time

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "123456789012"
ENDED = ("COMPLETED", "FAILED")


def word(content, start, end, confidence=0.9, channel=0, others=()):
    """A word as the engine gives it."""
    alternatives = [{"content": content, "confidence": confidence}]
    return {
        "channel": channel,
        "type": "pronunciation",
        "start": start,
        "end": end,
        "content": content,
        "confidence": confidence,
        "alternatives": alternatives + [{"content": c, "confidence": p} for c, p in others],
    }


def stop(at, channel=0):
    """A full stop as the engine gives it."""
    return {
        "channel": channel,
        "type": "punctuation",
        "start": at,
        "end": at,
        "content": ".",
        "confidence": 0.0,
        "alternatives": [{"content": ".", "confidence": 0.0}],
    }


HELLO = [word("hello", 0.5, 0.9), word("world", 1.0, 1.5), stop(1.5)]


class Account:
    """Clients, a bucket, a role, and short ways to start things."""

    bucket = "speech"

    def __init__(self, endpoint_url):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        for service in ("s3", "transcribe", "iam", "sqs", "events", "kms"):
            client = boto3.client(service, endpoint_url=endpoint_url, region_name=REGION, config=config)
            setattr(self, service, client)
        self.endpoint_url = endpoint_url
        self.role = f"arn:aws:iam::{ACCOUNT}:role/transcribe"

    def furnish(self):
        principal = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust = {"Statement": [principal | {"Principal": {"Service": "transcribe.amazonaws.com"}}]}
        self.iam.create_role(RoleName="transcribe", AssumeRolePolicyDocument=json.dumps(trust))
        self.s3.create_bucket(Bucket=self.bucket)
        return self

    def put(self, key, body, **options):
        body = body if isinstance(body, bytes | str) else json.dumps(body)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **options)
        return f"s3://{self.bucket}/{key}"

    def read(self, key):
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def request(self, name, said=None, **changes):
        """A transcription job on media that says `said`."""
        uri = self.put(f"media/{name}.wav", said or {"items": HELLO})
        request = {
            "TranscriptionJobName": name,
            "LanguageCode": "en-US",
            "Media": {"MediaFileUri": uri},
            "OutputBucketName": self.bucket,
        }
        return {k: v for k, v in (request | changes).items() if v is not None}

    def start(self, name, said=None, **changes):
        return self.transcribe.start_transcription_job(**self.request(name, said, **changes))

    def transcribed(self, name):
        """The job's description when it has ended."""
        return until(
            lambda: self.transcribe.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"],
            lambda job: job["TranscriptionJobStatus"] in ENDED,
        )

    def transcript(self, name, said=None, **changes):
        """What a job wrote to the bucket."""
        self.start(name, said, **changes)
        job = self.transcribed(name)
        assert job["TranscriptionJobStatus"] == "COMPLETED", job
        return self.read(job["Transcript"]["TranscriptFileUri"].split(f"/{self.bucket}/")[1])

    def call_request(self, name, said, **changes):
        """A call analytics job with the agent on the first channel."""
        request = {
            "CallAnalyticsJobName": name,
            "Media": {"MediaFileUri": self.put(f"calls/{name}.wav", said)},
            "OutputLocation": f"s3://{self.bucket}/calls/",
            "DataAccessRoleArn": self.role,
            "ChannelDefinitions": [
                {"ChannelId": 0, "ParticipantRole": "AGENT"},
                {"ChannelId": 1, "ParticipantRole": "CUSTOMER"},
            ],
        }
        return {k: v for k, v in (request | changes).items() if v is not None}

    def called(self, name):
        return until(
            lambda: self.transcribe.get_call_analytics_job(CallAnalyticsJobName=name)["CallAnalyticsJob"],
            lambda job: job["CallAnalyticsJobStatus"] in ENDED,
        )

    def vocabulary(self, name, table=None, **changes):
        """A vocabulary, when it is no longer pending."""
        if table is not None:
            changes["VocabularyFileUri"] = self.put(f"vocabularies/{name}.txt", table)
        self.transcribe.create_vocabulary(**{"VocabularyName": name, "LanguageCode": "en-US"} | changes)
        return self.processed(name)

    def processed(self, name):
        return until(
            lambda: self.transcribe.get_vocabulary(VocabularyName=name),
            lambda v: v["VocabularyState"] != "PENDING",
        )

    def model_request(self, name, text="a sentence", **changes):
        self.put(f"corpora/{name}/training/one.txt", text)
        request = {
            "ModelName": name,
            "LanguageCode": "en-US",
            "BaseModelName": "WideBand",
            "InputDataConfig": {
                "S3Uri": f"s3://{self.bucket}/corpora/{name}/training/",
                "DataAccessRoleArn": self.role,
            },
        }
        return request | changes

    def trained(self, name):
        return until(
            lambda: self.transcribe.describe_language_model(ModelName=name)["LanguageModel"],
            lambda model: model["ModelStatus"] in ENDED,
        )


def until(look, good, seconds=60.0):
    """What `look` gives as soon as it is `good`."""
    give_up = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < give_up, f"still {found!r} after {seconds} s"
        time.sleep(0.05)
    return found
