"""Keys of stacks, and what is encrypted with them: as an AWS client sees it, and after a restart."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from local.aws.server import LocalAws
from tests.local.aws.test_cloudformation import policy, resource, template
from tests.local.conftest import connect

ClientOf = Callable[..., Any]
KEY_ARN = {"Fn::GetAtt": ["K", "Arn"]}


def key(**properties: Any) -> dict[str, Any]:
    return resource("KMS::Key", **{"KeyPolicy": policy("kms:*"), "EnableKeyRotation": True} | properties)


def encrypted_bucket() -> dict[str, Any]:
    rule = {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY_ARN},
    }
    encryption = {"ServerSideEncryptionConfiguration": [rule]}
    return resource("S3::Bucket", BucketName="bucket", BucketEncryption=encryption)


@pytest.fixture
def cloudformation(client: ClientOf) -> Any:
    return client("cloudformation")


def the_key(client: ClientOf) -> dict[str, Any]:
    [found] = client("kms").list_keys()["Keys"]
    described: dict[str, Any] = client("kms").describe_key(KeyId=found["KeyId"])["KeyMetadata"]
    return described


def test_a_key_is_made_and_changed_and_stays_the_same_key(client: ClientOf, cloudformation: Any) -> None:
    alias = resource("KMS::Alias", AliasName="alias/mine", TargetKeyId=KEY_ARN)
    tags = [{"Key": "team", "Value": "ml"}]
    cloudformation.create_stack(StackName="s", TemplateBody=template(K=key(Tags=tags), A=alias))
    made = the_key(client)
    changed = key(KeyPolicy=policy("kms:Decrypt"), EnableKeyRotation=False, Description="new")
    cloudformation.update_stack(StackName="s", TemplateBody=template(K=changed, A=alias))

    kms, now = client("kms"), the_key(client)
    assert (now["KeyId"], now["Description"]) == (made["KeyId"], "new")
    text = kms.get_key_policy(KeyId=made["KeyId"], PolicyName="default")["Policy"]
    assert json.loads(text)["Statement"][0]["Action"] == "kms:Decrypt"
    assert kms.describe_key(KeyId="alias/mine")["KeyMetadata"]["KeyId"] == made["KeyId"]
    assert kms.get_key_rotation_status(KeyId=made["KeyId"])["KeyRotationEnabled"] is False
    assert kms.list_resource_tags(KeyId=made["KeyId"])["Tags"] == []


def test_a_key_has_an_id_that_is_known_beforehand_unless_it_is_taken(
    client: ClientOf, cloudformation: Any
) -> None:
    known = str(uuid5(NAMESPACE_URL, "s-K"))
    body = template(K={**key(), "DeletionPolicy": "Retain"})
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    assert the_key(client)["Arn"].endswith(f":key/{known}")

    cloudformation.delete_stack(StackName="s")
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    kms = client("kms")
    ids = {each["KeyId"] for each in kms.list_keys()["Keys"]}
    assert known in ids
    assert len(ids) == 2
    assert all(kms.describe_key(KeyId=each)["KeyMetadata"]["Arn"].endswith(each) for each in ids)


def test_what_the_key_encrypts_can_be_decrypted(client: ClientOf, cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="s", TemplateBody=template(K=key()))
    arn, kms = the_key(client)["Arn"], client("kms")
    data_key = kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]


def test_keys_of_every_kind_outlive_a_restart(tmp_path: Path) -> None:
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as aws:
        kms = connect(aws.endpoint_url, "kms")
        body = template(K=key(), B=encrypted_bucket())
        connect(aws.endpoint_url, "cloudformation").create_stack(StackName="s", TemplateBody=body)
        [symmetric] = [each["KeyId"] for each in kms.list_keys()["Keys"]]
        sealed = kms.encrypt(KeyId=symmetric, Plaintext=b"secret")["CiphertextBlob"]
        specs = {"RSA_2048": "RSASSA_PSS_SHA_256", "ECC_NIST_P256": "ECDSA_SHA_256"}
        signed = {}
        for spec, algorithm in specs.items():
            one = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
            signed[one] = (
                algorithm,
                kms.sign(KeyId=one, Message=b"m", SigningAlgorithm=algorithm)["Signature"],
            )
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as aws:
        kms = connect(aws.endpoint_url, "kms")
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
        for one, (algorithm, signature) in signed.items():
            found = kms.verify(KeyId=one, Message=b"m", Signature=signature, SigningAlgorithm=algorithm)
            assert found["SignatureValid"] is True
        again = template(K=key(Description="new"), B=encrypted_bucket())
        connect(aws.endpoint_url, "cloudformation").update_stack(StackName="s", TemplateBody=again)
        assert kms.describe_key(KeyId=symmetric)["KeyMetadata"]["Description"] == "new"


def test_objects_of_an_encrypted_bucket_say_so(client: ClientOf, cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="s", TemplateBody=template(K=key(), B=encrypted_bucket()))
    s3, arn = client("s3"), the_key(client)["Arn"]
    [rule] = s3.get_bucket_encryption(Bucket="bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    put = s3.put_object(Bucket="bucket", Key="a", Body=b"body")
    s3.copy_object(Bucket="bucket", Key="b", CopySource="bucket/a")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="c")["UploadId"]
    part = s3.upload_part(Bucket="bucket", Key="c", UploadId=upload, PartNumber=1, Body=b"body")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="bucket", Key="c", UploadId=upload, MultipartUpload=parts)

    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", arn)
    for name in "abc":
        found = s3.get_object(Bucket="bucket", Key=name)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", arn), name
        assert found["Body"].read() == b"body"


def test_a_bucket_changes_to_a_key(client: ClientOf, cloudformation: Any) -> None:
    plain = resource("S3::Bucket", BucketName="bucket")
    cloudformation.create_stack(StackName="s", TemplateBody=template(B=plain))
    client("s3").put_object(Bucket="bucket", Key="old", Body=b"1")
    cloudformation.update_stack(StackName="s", TemplateBody=template(K=key(), B=encrypted_bucket()))
    s3 = client("s3")
    s3.put_object(Bucket="bucket", Key="new", Body=b"2")
    assert s3.head_object(Bucket="bucket", Key="new")["ServerSideEncryption"] == "aws:kms"
    assert s3.get_object(Bucket="bucket", Key="old")["Body"].read() == b"1"


def test_a_queue_and_a_topic_with_a_key_deliver(client: ClientOf, cloudformation: Any) -> None:
    body = template(
        K=key(),
        T=resource("SNS::Topic", TopicName="t", KmsMasterKeyId=KEY_ARN),
        Q=resource("SQS::Queue", QueueName="q", KmsMasterKeyId=KEY_ARN),
        S=resource(
            "SNS::Subscription",
            TopicArn={"Ref": "T"},
            Endpoint={"Fn::GetAtt": ["Q", "Arn"]},
            Protocol="sqs",
            RawMessageDelivery=True,
        ),
    )
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    arn, sns, sqs = the_key(client)["Arn"], client("sns"), client("sqs")
    [topic] = sns.list_topics()["Topics"]
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    sns.publish(TopicArn=topic["TopicArn"], Message="plain")

    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["KmsMasterKeyId"], attributes["SqsManagedSseEnabled"]) == (arn, "false")
    assert sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["KmsMasterKeyId"] == arn
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert message["Body"] == "plain"


def test_a_queue_goes_from_sqs_own_key_to_another(client: ClientOf, cloudformation: Any) -> None:
    sqs = client("sqs")

    def encryption() -> tuple[str | None, str]:
        url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found.get("KmsMasterKeyId"), found["SqsManagedSseEnabled"]

    cloudformation.create_stack(
        StackName="s", TemplateBody=template(K=key(), Q=resource("SQS::Queue", QueueName="q"))
    )
    before = encryption()
    encrypted = resource("SQS::Queue", QueueName="q", KmsMasterKeyId=KEY_ARN)
    cloudformation.update_stack(StackName="s", TemplateBody=template(K=key(), Q=encrypted))
    assert (before, encryption()) == ((None, "true"), (the_key(client)["Arn"], "false"))
