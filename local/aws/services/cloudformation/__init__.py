"""CloudFormation: the resources that moto lacks, and all properties of those that it has."""

from typing import TYPE_CHECKING

from moto.cloudformation import parsing

from local.aws.services.cloudformation import (
    buckets,
    conditions,
    deletion,
    eks,
    emr_containers,
    fsx,
    functions,
    iam,
    keys,
    messaging,
    monitoring,
    parameters,
    placement,
    rollback,
    sagemaker,
    streaming,
)

if TYPE_CHECKING:
    from local.aws.server import LocalAws

RESOURCES = (
    buckets.Bucket,
    buckets.BucketPolicy,
    eks.AccessEntry,
    eks.Addon,
    eks.Cluster,
    eks.Nodegroup,
    eks.PodIdentityAssociation,
    emr_containers.VirtualCluster,
    fsx.FileSystem,
    functions.EventInvokeConfig,
    functions.EventSourceMapping,
    functions.Function,
    functions.Permission,
    iam.ManagedPolicy,
    iam.Role,
    keys.Key,
    messaging.Queue,
    messaging.QueuePolicy,
    messaging.Subscription,
    messaging.Topic,
    messaging.TopicPolicy,
    monitoring.Alarm,
    monitoring.Dashboard,
    monitoring.LogGroup,
    monitoring.LogStream,
    placement.PlacementGroup,
    sagemaker.ModelPackageGroup,
    streaming.DeliveryStream,
    streaming.Schedule,
    streaming.Stream,
)


def install(_aws: "LocalAws") -> None:
    """Registers :data:`RESOURCES` in moto's tables, in place of its own where it has one."""
    conditions.install()
    deletion.install()
    keys.install()
    parameters.install()
    rollback.install()
    for resource in RESOURCES:
        parsing.get_model_map()[resource.cloudformation_type()] = resource
        parsing.get_name_type_map()[resource.cloudformation_type()] = resource.cloudformation_name_type()
