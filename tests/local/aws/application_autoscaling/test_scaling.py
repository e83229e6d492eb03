"""Instance counts of endpoints that really serve, through boto3."""

import json
from itertools import count

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.local.aws.sagemaker.account import until

NUMBERS = count(1)
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class Scaled:
    """An endpoint with one variant, and short ways to scale it."""

    def __init__(self, account, name):
        self.account, self.name = account, name
        self.scaling = account.autoscaling
        self.target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/main",
            "ScalableDimension": DIMENSION,
        }

    def config(self, name, instances=1, kind="ml.m5.large", variant="main"):
        self.account.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": "model",
                    "InstanceType": kind,
                    "InitialInstanceCount": instances,
                }
            ],
        )
        return name

    def register(self, low, high, **more):
        self.scaling.register_scalable_target(**self.target, MinCapacity=low, MaxCapacity=high, **more)

    def track(self, target, **more):
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return self.scaling.put_scaling_policy(
            **self.target,
            PolicyName="tracking",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": target,
                "PredefinedMetricSpecification": metric,
                "ScaleOutCooldown": 0,
                "ScaleInCooldown": 0,
                **more,
            },
        )

    def counts(self):
        found = self.account.sagemaker.describe_endpoint(EndpointName=self.name)
        [variant] = found["ProductionVariants"]
        return found["EndpointStatus"], variant["DesiredInstanceCount"], variant["CurrentInstanceCount"]

    def reaches(self, instances):
        return until(self.counts, lambda found: found == ("InService", instances, instances))

    def invoke(self, times):
        for _ in range(times):
            self.account.runtime.invoke_endpoint(EndpointName=self.name, Body=b"x")

    def activities(self):
        return self.scaling.describe_scaling_activities(
            ServiceNamespace="sagemaker", ResourceId=self.target["ResourceId"]
        )["ScalingActivities"]

    def targets(self):
        return self.scaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[self.target["ResourceId"]]
        )["ScalableTargets"]

    def policies(self):
        return self.scaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=self.target["ResourceId"]
        )["ScalingPolicies"]


@pytest.fixture
def endpoint(account):
    name = f"e{next(NUMBERS)}"
    scaled = Scaled(account, name)
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=scaled.config(name))
    assert account.served(name)["EndpointStatus"] == "InService"
    yield scaled
    if account.sagemaker.list_endpoints(NameContains=name)["Endpoints"]:
        account.sagemaker.delete_endpoint(EndpointName=name)


def problems(operation, answer):
    """What botocore's own model finds wrong with an answer."""
    model = get_session().get_service_model("application-autoscaling").operation_model(operation)
    return (
        ParamValidator()
        .validate({k: v for k, v in answer.items() if k != "ResponseMetadata"}, model.output_shape)
        .generate_report()
    )


def test_a_count_out_of_its_bounds_is_changed_at_once(endpoint):
    endpoint.register(2, 4)
    endpoint.reaches(2)
    # It is over a moment after the endpoint has changed.
    [activity] = until(endpoint.activities, lambda found: found[0]["StatusCode"] != "InProgress")
    assert activity["Description"] == "Setting desired instance count to 2."
    assert activity["Cause"] == "minimum capacity was set to 2"
    assert activity["StatusCode"] == "Successful"
    endpoint.register(1, 1)
    endpoint.reaches(1)
    assert endpoint.activities()[0]["Cause"] == "maximum capacity was set to 1"


def test_instances_follow_the_traffic_out_and_in_again(endpoint):
    endpoint.register(1, 3)
    endpoint.track(2.0)

    def busy():
        endpoint.invoke(20)
        return endpoint.counts()

    until(busy, lambda found: found[1] == 3)
    assert "tracking" in endpoint.activities()[0]["Cause"]
    endpoint.reaches(1)
    descriptions = [each["Description"] for each in endpoint.activities()]
    # A slow machine's traffic may be enough for 2 at first.
    assert "Setting desired instance count to 3." in descriptions
    assert descriptions[0] == "Setting desired instance count to 1."


def test_a_suspended_target_stays_as_it_is(endpoint):
    endpoint.register(1, 3, SuspendedState={"DynamicScalingOutSuspended": True})
    endpoint.track(0.5)
    for _ in range(30):
        endpoint.invoke(10)
    assert endpoint.activities() == []


def test_answers_are_those_of_the_service(endpoint):
    endpoint.register(1, 3)
    assert problems("PutScalingPolicy", endpoint.track(50.0)) == ""
    asked = {"ServiceNamespace": "sagemaker"}
    assert problems("DescribeScalingPolicies", endpoint.scaling.describe_scaling_policies(**asked)) == ""
    assert problems("DescribeScalingActivities", endpoint.scaling.describe_scaling_activities(**asked)) == ""
    [target] = endpoint.targets()
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    [policy] = endpoint.policies()
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50.0


def test_activities_come_page_by_page(endpoint):
    endpoint.register(2, 4)
    endpoint.reaches(2)
    endpoint.register(3, 4)
    endpoint.reaches(3)
    paginator = endpoint.scaling.get_paginator("describe_scaling_activities")
    pages = paginator.paginate(**endpoint.target, PaginationConfig={"PageSize": 1})
    assert [len(page["ScalingActivities"]) for page in pages] == [1, 1]


@pytest.mark.parametrize(
    ("resource", "low", "high", "message"),
    [
        ("endpoint/nobody/variant/main", 1, 2, "variant doesn't exist: endpoint/nobody/variant/main"),
        ("endpoint/{name}/variant/other", 1, 2, "variant doesn't exist: endpoint/.*/variant/other"),
        ("endpoint/{name}/variant/main", 3, 2, "MinCapacity 3 must be at least 0 and at most MaxCapacity, 2"),
        ("endpoint/{name}/variant/main", None, 2, "MinCapacity and MaxCapacity are required"),
    ],
)
def test_what_cannot_be_scaled_is_refused(endpoint, resource, low, high, message):
    target = {**endpoint.target, "ResourceId": resource.format(name=endpoint.name), "MaxCapacity": high}
    with pytest.raises(ClientError, match=message) as refused:
        endpoint.scaling.register_scalable_target(**target, **({"MinCapacity": low} if low else {}))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_policies_need_a_target_and_go_with_it(endpoint):
    missing = endpoint.scaling.exceptions.ObjectNotFoundException
    with pytest.raises(missing, match="No scalable target found"):
        endpoint.track(50.0)
    endpoint.register(1, 2)
    endpoint.track(50.0)
    endpoint.scaling.deregister_scalable_target(**endpoint.target)
    assert endpoint.policies() == []
    with pytest.raises(missing, match="No scalable target found"):
        endpoint.scaling.deregister_scalable_target(**endpoint.target)
    with pytest.raises(missing, match="No scaling policy found"):
        endpoint.scaling.delete_scaling_policy(**endpoint.target, PolicyName="tracking")


def test_an_update_keeps_the_target_and_the_count_where_asked(endpoint):
    endpoint.register(2, 4)
    endpoint.reaches(2)
    update = endpoint.account.sagemaker.update_endpoint
    next_one = endpoint.config(f"{endpoint.name}-2")
    update(EndpointName=endpoint.name, EndpointConfigName=next_one, RetainAllVariantProperties=True)
    endpoint.reaches(2)
    assert len(endpoint.activities()) == 1
    assert len(endpoint.targets()) == 1
    update(EndpointName=endpoint.name, EndpointConfigName=next_one)
    until(endpoint.activities, lambda found: len(found) == 2)


@pytest.mark.parametrize("change", [{"kind": "ml.m5.xlarge"}, {"variant": "other"}])
def test_a_scaled_variant_keeps_its_instance_type_until_it_is_deregistered(endpoint, change):
    endpoint.register(1, 2)
    other = endpoint.config(f"{endpoint.name}-{next(iter(change))}", **change)
    update = endpoint.account.sagemaker.update_endpoint
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        update(EndpointName=endpoint.name, EndpointConfigName=other)
    endpoint.scaling.deregister_scalable_target(**endpoint.target)
    update(EndpointName=endpoint.name, EndpointConfigName=other)
    assert endpoint.account.served(endpoint.name)["EndpointConfigName"] == other


def test_a_deleted_endpoint_is_no_target(endpoint):
    endpoint.register(1, 2)
    endpoint.account.sagemaker.delete_endpoint(EndpointName=endpoint.name)
    assert endpoint.targets() == []


def test_weights_and_counts_are_changed_by_hand(endpoint):
    change = endpoint.account.sagemaker.update_endpoint_weights_and_capacities
    with pytest.raises(ClientError, match='Could not find variant "other"'):
        change(
            EndpointName=endpoint.name,
            DesiredWeightsAndCapacities=[{"VariantName": "other", "DesiredInstanceCount": 2}],
        )
    change(
        EndpointName=endpoint.name,
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 5}],
    )
    endpoint.reaches(5)


def test_a_change_of_the_count_is_announced(endpoint):
    queue = endpoint.account.sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:changes"
    pattern = {"source": ["aws.sagemaker"], "detail": {"EndpointName": [endpoint.name]}}
    endpoint.account.events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    endpoint.account.events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    endpoint.register(2, 3)
    endpoint.reaches(2)
    found = endpoint.account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    statuses = [json.loads(each["Body"])["detail"]["EndpointStatus"] for each in found["Messages"]]
    assert sorted(statuses) == ["IN_SERVICE", "UPDATING"]
