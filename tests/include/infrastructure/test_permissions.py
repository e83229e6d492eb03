"""The roles may do what the pipelines do, and nothing else."""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from include.naming import TaskIdentity, content_name, database_name, job_name, resource_name
from include.sagemaker import clarify
from include.warehouse import reports
from include.warehouse.passwords import secret_name
from millrace import jobs
from tests.include.infrastructure.calls import called
from tests.include.infrastructure.variants import TEMPLATE, Variant, listed

CRAWLERS = "CrawlersPolicy"
AIRFLOW = ("AirflowPolicy", "AutoscalingPolicy", "TriggererPolicy", CRAWLERS)
TEXTS = "TextMessagesPolicy"
SPARK = "SparkOnEksPolicy"
OWN_QUEUES = {
    "sns:ListSubscriptionsByTopic",
    "sns:Subscribe",
    "sns:Unsubscribe",
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
    "sqs:SetQueueAttributes",
}
"""What only a triggerer that makes a queue for itself calls."""
NOT_CALLED = {
    "cloudwatch:DeleteAlarms": "AWS takes the alarms of target tracking away in the caller's name",
    "cloudwatch:DescribeAlarms": "and looks for them",
    "cloudwatch:PutMetricAlarm": "and makes them",
    "iam:CreateServiceLinkedRole": "the first scalable target of an account makes the role of its service",
    "iam:PassRole": "starting a job or making a model hands it the jobs' role",
    "sagemaker:UpdateEndpointWeightsAndCapacities": "registering a scalable target asks for it",
    "kms:CreateGrant": "and may hand it the key of its volume",
    "kms:Decrypt": "S3, SNS and SQS decrypt in the caller's name",
    "kms:DescribeKey": "SageMaker looks at a key that a request names in the caller's name",
    "kms:GenerateDataKey": "S3, SNS and SQS encrypt in the caller's name",
    "s3:AbortMultipartUpload": "Airflow's remote logs may be uploaded in parts",
    "s3:GetBucketLocation": "Airflow's remote logging asks for it",
    "s3:GetObjectVersion": "copying an upload reads it in the version that has arrived",
}
"""Actions that no code of ours names, and why they are needed."""
ON_EKS = {action for action in called() if action.startswith("emr-containers:")}
WAREHOUSE = "WarehousePolicy"
OF_WAREHOUSE = ("dynamodb:", "redshift-data:", "secretsmanager:")
IN_WAREHOUSE = {action for action in called() if action.startswith(OF_WAREHOUSE)}
OF_STACKS = ("cloudformation:", "ec2:", "eks:", "iam:")
IN_STACKS = {action for action in called() if action.startswith(OF_STACKS)}
"""What DAGs call that make stacks for themselves; each has a policy of its own."""
PASSED_TO = ["sagemaker.amazonaws.com", "transcribe.amazonaws.com"]
"""Who takes on the role of the jobs."""
TAKEN_ON_BY = {"JobRole": PASSED_TO, "CrawlerRole": "glue.amazonaws.com"}
NOWHERE_NARROWER = {
    "cloudwatch:GetMetricData": "metrics have no ARN",
    "cloudwatch:PutMetricData": "its condition names the namespace",
    "sagemaker:ListModelPackages": "AWS does not say which ARN a listing of a group has",
}


@cache
def reference() -> Any:
    """AWS's own of actions and their resources, in the copy that cfn-lint brings."""
    return json.loads(files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text())


def no_resource(action: str) -> bool:
    """Whether AWS has no resource for an action."""
    service, _, name = action.partition(":")
    known = {key.lower(): each for key, each in reference()[service]["Actions"].items()}
    return not known[name.lower()].get("Resources")


@pytest.fixture(params=[{"EksCluster": "eks"}, {"VirtualCluster": "a1b2"}], ids=["made", "given"])
def on_eks(request):
    """With a virtual cluster."""
    return Variant(request.param)


def test_airflow_may_do_what_it_calls(plain):
    needed = called() - ON_EKS - IN_WAREHOUSE - IN_STACKS
    assert {"sagemaker:CreateTransformJob", "sns:Publish", "sqs:CreateQueue", "s3:ListBucket"} <= needed
    assert needed - plain.actions(*AIRFLOW) == set()


def test_airflow_may_do_nothing_that_it_does_not_call(plain):
    assert plain.actions(*AIRFLOW) - called() == set(NOT_CALLED)


def test_who_runs_spark_on_eks_may_do_so_on_one_virtual_cluster_as_the_jobs_role(plain, on_eks):
    assert SPARK not in plain.resources
    logs = {"logs:DescribeLogStreams", "logs:GetLogEvents"}
    assert on_eks.actions(SPARK) == (called() & ON_EKS) | logs
    for statement in on_eks.statements(SPARK):
        resource = str(statement["Resource"])
        assert (
            "SparkCluster" in resource
            or "/virtualclusters/${VirtualCluster}" in resource
            or "logs" in resource
        )
    [start] = [each for each in on_eks.statements(SPARK) if each["Sid"] == "StartSpark"]
    assert start["Condition"] == {
        "StringEquals": {"emr-containers:ExecutionRoleArn": {"Fn::GetAtt": ["JobRole", "Arn"]}}
    }


@pytest.fixture
def warehouse():
    return Variant({"WarehouseCluster": "warehouse"})


def test_who_keeps_the_warehouse_may_do_so_in_one_cluster_as_two_users(plain, warehouse):
    assert WAREHOUSE not in plain.resources
    # The Data API asks for temporary credentials in the caller's name.
    assert warehouse.actions(WAREHOUSE) == IN_WAREHOUSE | {"redshift:GetClusterCredentials"}
    statements = {each["Sid"]: each for each in warehouse.statements(WAREHOUSE)}
    users = [
        resource["Fn::Sub"].rpartition("/")[2]
        for resource in statements["TemporaryCredentials"]["Resource"]
        if "dbuser" in resource["Fn::Sub"]
    ]
    assert users == ["${WarehouseUser}", reports.USER]
    assert statements["RunStatements"]["Resource"]["Fn::Sub"].endswith("cluster:${WarehouseCluster}")
    own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    assert statements["FollowOwnStatements"]["Condition"] == own
    assert {sid for sid, each in statements.items() if each["Resource"] == "*"} == {
        "FollowOwnStatements",
        "MakePasswords",
    }


def test_secrets_of_an_environment_are_those_that_airflow_may_use(warehouse):
    statements = {each["Sid"]: each["Resource"] for each in warehouse.statements(WAREHOUSE)}
    pattern = statements["KeepPasswords"]["Fn::Sub"].rpartition(":")[2].replace("${Environment}", "prod-eu")
    assert fnmatchcase(f"{secret_name('prod-eu', 'main', 'ada')}-a1B2c3", pattern)
    assert not fnmatchcase(f"{secret_name('trial', 'main', 'ada')}-a1B2c3", pattern)


def test_the_cluster_reads_the_lake_and_its_tables_and_writes_nothing(warehouse):
    actions = warehouse.actions("WarehouseRole")
    assert {"s3:GetObject", "glue:GetPartitions"} <= actions
    assert [each for each in actions if not each.split(":")[1].startswith(("Get", "List", "Decrypt"))] == []


def test_pods_take_on_the_jobs_role_only_where_spark_runs_on_eks(plain, on_eks):
    def trusts(variant: Variant) -> bool:
        return "pods.eks.amazonaws.com" in str(variant.resources["JobRole"])

    assert (trusts(plain), trusts(on_eks)) == (False, True)


def test_with_a_queue_for_all_triggerers_nobody_makes_one(plain, shared):
    assert plain.actions(*AIRFLOW) - shared.actions(*AIRFLOW) == OWN_QUEUES
    assert shared.actions(*AIRFLOW) - plain.actions(*AIRFLOW) == set()
    [statement] = [each for each in shared.statements("TriggererPolicy") if each["Sid"] == "ShareTheQueue"]
    assert statement["Resource"] == {"Fn::GetAtt": ["SharedEventsQueue", "Arn"]}


def test_only_the_triggerers_take_messages(variant):
    assert not [action for action in variant.actions("AirflowPolicy") if action.startswith("sqs:")]


@pytest.mark.parametrize("resource", [*TAKEN_ON_BY, *AIRFLOW])
def test_permissions_name_actions_and_resources(variant, resource):
    for statement in variant.statements(resource):
        assert statement["Effect"] == "Allow"
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action], statement["Sid"]
        if statement["Resource"] == "*":
            wide = [action for action in actions if not no_resource(action)]
            assert set(wide) <= set(NOWHERE_NARROWER), statement["Sid"]


def test_every_role_is_one_that_only_its_services_take_on_for_this_account(variant):
    roles = variant.of_type("IAM::Role")
    assert TAKEN_ON_BY.keys() <= roles.keys()
    expected = {**TAKEN_ON_BY, "WarehouseRole": "redshift.amazonaws.com"}
    for name, role in roles.items():
        trusted, *pods = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": expected[name]}
        assert [each["Principal"] for each in pods] in ([], [{"Service": "pods.eks.amazonaws.com"}])
        for trust in (trusted, *pods):
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_airflow_passes_only_the_jobs_role_and_only_to_those_who_run_jobs(variant):
    [statement] = [
        each for each in variant.statements("AirflowPolicy") if "iam:PassRole" in listed(each["Action"])
    ]
    assert statement["Resource"] == {"Fn::GetAtt": ["JobRole", "Arn"]}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": PASSED_TO}}


def test_crawlers_are_run_as_their_role_which_reads_one_bucket_and_writes_one_database(variant):
    passing, reading = {"iam:PassRole"}, {"s3:GetObject"}
    [statement] = [each for each in variant.statements(CRAWLERS) if passing & {*listed(each["Action"])}]
    assert statement["Resource"] == {"Fn::GetAtt": ["CrawlerRole", "Arn"]}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    statements = variant.statements("CrawlerRole")
    [statement] = [each for each in statements if reading & {*listed(each["Action"])}]
    assert statement["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:s3:::${CuratedBucket}/*"}
    assert not [action for action in variant.actions("CrawlerRole") if action.startswith("s3:Put")]
    catalog = [each for each in statements if "glue:CreateTable" in listed(each["Action"])]
    assert [str(each["Resource"]) for each in catalog] == [
        str(each["Resource"]) for each in variant.statements(CRAWLERS) if each["Sid"] == "ReadTheCatalog"
    ]


def test_databases_and_crawlers_of_an_environment_are_those_that_airflow_may_use(plain):
    statements = {each["Sid"]: each["Resource"] for each in plain.statements(CRAWLERS)}
    crawlers = statements["Crawl"]["Fn::Sub"].rpartition(":")[2].replace("${Environment}", "prod-eu")
    assert fnmatchcase(f"crawler/{resource_name('prod-eu', 'main', 'amp_lake')}", crawlers)
    _, (database, names), (tables, _) = [each["Fn::Sub"] for each in statements["ReadTheCatalog"]]
    assert names == {"Name": {"Fn::Join": ["_", {"Fn::Split": ["-", {"Ref": "Environment"}]}]}}
    name = database_name("prod-eu", "main", "amp")
    for pattern, found in ((database, f"database/{name}"), (tables, f"table/{name}/session")):
        assert fnmatchcase(found, pattern.rpartition(":")[2].replace("${Name}", "prod_eu"))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_jobs_may_pull_the_image_of_clarify_and_nothing_else_of_its_account(plain, region):
    account, _, image = clarify.image_uri(region).partition(".dkr.ecr.")
    [statement] = [each for each in plain.statements("JobRole") if each["Sid"] == "PullImages"]
    patterns = [
        each["Fn::Sub"].replace("${AWS::Region}", region).partition(":ecr:")[2]
        for each in statement["Resource"]
    ]

    def may(repository):
        return any(fnmatchcase(f"{region}:{account}:repository/{repository}", each) for each in patterns)

    assert may(image.partition("/")[2].partition(":")[0])
    assert not may("sagemaker-clarify-processing-of-others")
    assert not may("other")


@pytest.mark.parametrize("resource", ["JobRole", "AirflowPolicy"])
def test_a_key_is_handed_on_only_to_aws_and_only_this_one(variant, resource):
    statements = [each for each in variant.statements(resource) if "kms:" in str(each["Action"])]
    assert {str(each["Resource"]) for each in statements} == {str(variant.key)}
    [grant] = [each for each in statements if "kms:CreateGrant" in listed(each["Action"])]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def decrypting(variant: Variant) -> dict[str, Any]:
    """Key -> condition of what lets the role of the jobs decrypt."""
    statements = variant.statements("JobRole")
    found = [each for each in statements if "kms:Decrypt" in listed(each["Action"])]
    return {str(each["Resource"]): each.get("Condition") for each in found}


def test_transcribe_and_the_jobs_read_recordings_that_are_encrypted(variant):
    """The role on which Transcribe takes reads every object of the buckets, by the key of the buckets."""
    assert "transcribe.amazonaws.com" in PASSED_TO
    assert decrypting(variant) == {str(variant.key): None}
    [reading] = [each for each in variant.statements("JobRole") if "s3:GetObject" in listed(each["Action"])]
    buckets = variant.of_type("S3::Bucket")
    assert reading["Resource"] == [
        {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{{name}}}/*"} for name in buckets
    ]


def test_input_may_have_a_key_of_its_own_that_is_only_decrypted_and_only_for_s3():
    variant = Variant({"InputKeyArn": "arn:aws:kms:us-east-1:123456789012:key/2"})
    via_s3 = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}}}
    assert decrypting(variant) == {str(variant.key): None, str({"Ref": "InputKeyArn"}): via_s3}
    for resource in ("JobRole", *AIRFLOW):
        using = [each for each in variant.statements(resource) if each["Resource"] == {"Ref": "InputKeyArn"}]
        assert {action for each in using for action in listed(each["Action"])} <= {"kms:Decrypt"}


def test_jobs_have_network_interfaces_only_where_they_are_wanted(plain):
    def reaches(variant: Variant) -> bool:
        return any(action.startswith("ec2:") for action in variant.actions("JobRole"))

    assert (reaches(plain), reaches(Variant({"JobsInVpc": "yes"}))) == (False, True)


def named_resources(variant: Variant) -> dict[str, str]:
    """Pattern of the name by type of resource."""
    statements = {each["Sid"]: each for each in variant.statements("AirflowPolicy")}
    resources = [
        resource["Fn::Sub"].rpartition(":")[2]
        for sid in ("RunJobsAndServeModels", "AskPeople", "Transcribe")
        for resource in statements[sid]["Resource"]
    ]
    return dict(name.split("/", 1) for name in resources)


@pytest.mark.parametrize("launch", [1, 12])
def test_names_that_the_pipelines_give_are_those_that_airflow_may_use(plain, launch):
    """Another environment's jobs and models are none of its business."""
    longest = "e" * TEMPLATE["Parameters"]["Environment"]["MaxLength"]
    patterns = {
        kind: pattern.replace("${Environment}", longest) for kind, pattern in named_resources(plain).items()
    }
    task = TaskIdentity(longest, "main", "a_dag_of_some_length", "run", "a_task_of_some_length")
    # Vocabularies and crawlers keep their names, runs of EMR on EKS and statements have ids.
    unnamed = (jobs.VOCABULARY, jobs.GLUE_CRAWLER, jobs.EMR_ON_EKS, jobs.REDSHIFT_BATCH)
    named = [kind for kind in jobs.KINDS.values() if kind not in unnamed]
    for kind in named:
        name = job_name(task, launch, max_length=kind.max_name_length)
        resource = {
            "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
            "EndpointName": "endpoint-config",
            "CallAnalyticsJobName": "analytics",
            "ModelName": "language-model",
        }.get(kind.name_field, re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.name_field[:-4]).lower())
        assert fnmatchcase(name, patterns[resource]), resource
        if kind is jobs.ENDPOINT:
            assert fnmatchcase(name, patterns["model"])
    endpoint = resource_name(longest, "main", "a_dag_of_some_length")
    assert fnmatchcase(content_name(endpoint, "any"), patterns["flow-definition"])
    assert fnmatchcase(content_name(endpoint, "any"), patterns["human-task-ui"])
    for resource in ("endpoint", "model-package-group", "model-package", "vocabulary", "vocabulary-filter"):
        assert fnmatchcase(endpoint, patterns[resource])
        assert not fnmatchcase(resource_name("other", "main", "dag"), patterns[resource])


def test_only_who_has_a_policy_of_its_own_may_send_texts_and_that_publishes_to_no_topic(variant):
    """A telephone number has no ARN: https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html"""
    topics = {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}
    [statement] = variant.statements(TEXTS)
    assert "Resource" not in statement
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
    assert statement["NotResource"] == topics
    others = [each for policy in ("JobRole", *AIRFLOW) for each in variant.statements(policy)]
    published_to = [each["Resource"] for each in others if "sns:Publish" in listed(each["Action"])]
    assert published_to == [{"Ref": "FailuresTopic"}]
    assert not [each for each in others if "NotResource" in each]


@pytest.mark.parametrize("policy", [*AIRFLOW, TEXTS])
def test_a_managed_policy_is_not_longer_than_aws_takes(variant, policy):
    """6,144 characters without white space, once the names are in it."""
    document = json.dumps({"Statement": variant.statements(policy)}, default=str)
    values = {"Partition": "aws-us-gov", "Region": "ap-southeast-2", "AccountId": "1" * 12}
    for name, value in values.items():
        document = document.replace(f"${{AWS::{name}}}", value)
    document = document.replace("${Environment}", "e" * 16).replace("${Bucket}", "b" * 63)
    arns = document.count("Fn::GetAtt") + document.count('"Ref"') + document.count("${EventsTopic}")
    assert len(re.sub(r"\s", "", document)) + arns * 80 + 30 <= 6144
