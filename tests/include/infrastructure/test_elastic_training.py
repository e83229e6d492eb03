"""The templates of elastic_training: one zone, the right order, and made by whoever may make nothing else."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.decode import cfn_yaml

from include.elastic.stack import NewCluster, TrainingStack
from tests.include.infrastructure.test_amp_ingest import of_type, statements
from tests.include.infrastructure.test_permissions import IN_STACKS, no_resource
from tests.include.infrastructure.variants import FILE, listed

PATHS = {name: FILE.with_name(f"{name}.yaml") for name in ("elastic_training", "elastic_training_access")}
STACK, ACCESS = (cfn_yaml.load(str(path)) for path in PATHS.values())
SUBNET = [{"Ref": "Subnet"}]
TRUSTED = {
    "ClusterRole": "eks.amazonaws.com",
    "NodeRole": {"Fn::Sub": "ec2.${AWS::URLSuffix}"},
    "JobRole": "pods.eks.amazonaws.com",
    "ProvisioningRole": "cloudformation.amazonaws.com",
}

NAMES = ("${Environment}", "${Bucket}", "${Cluster}", "'Ref'", "GetAtt")
BOUND_OTHERWISE = {
    "FindGroupsOfVpc": "reads, of any VPC",
    "FindOwnRole": "reads, of the role that it is attached to",
    "FindSubnets": "AWS has no resource for it",
    "FindVpc": "AWS has no resource for it",
    "FirstOfAnAccount": "its condition names the services",
    "TagWhatIsMade": "its condition names what makes them",
    "TryTheTemplate": "its condition asks for a launch template",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_cfn_lint_has_nothing_to_say(path):
    assert [str(match) for match in lint_file(path)] == []


def test_nodes_and_file_system_are_in_one_subnet_which_is_in_one_zone():
    [nodes] = of_type(STACK, "EKS::Nodegroup").values()
    [files] = of_type(STACK, "FSx::FileSystem").values()
    assert nodes["Subnets"] == files["SubnetIds"] == SUBNET
    [rule] = STACK["Rules"]["ZoneIsOfTheSubnet"]["Assertions"]
    of_subnet = {"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", "AvailabilityZone"]}
    assert rule["Assert"] == {"Fn::EachMemberEquals": [of_subnet, {"Ref": "Zone"}]}


def test_the_group_of_nodes_may_grow_and_shrink_while_it_trains():
    [nodes] = of_type(STACK, "EKS::Nodegroup").values()
    sizes = {"MinSize": 1, "DesiredSize": {"Ref": "Nodes"}, "MaxSize": {"Ref": "MostNodes"}}
    assert nodes["ScalingConfig"] == sizes


def depends_on(name: str) -> set[str]:
    """What a resource needs, directly or not."""
    resource = STACK["Resources"][name]
    named = {*listed(resource.get("DependsOn", [])), *_named(resource["Properties"])}
    direct = {each for each in named if each in STACK["Resources"]}
    return direct | {further for each in direct for further in depends_on(each)}


def _named(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {str(value.get("Ref")), str(listed(value.get("Fn::GetAtt", ""))[0])}
        return own | {name for each in value.values() for name in _named(each)}
    if isinstance(value, list):
        return {name for each in value for name in _named(each)}
    return set()


def test_the_file_system_depends_on_all_that_has_to_outlive_it():
    assert {"Nodegroup", "NewCluster", "NodeTemplate"} <= depends_on("FileSystem")
    assert "NewCluster" in depends_on("Nodegroup")
    assert not [name for name in STACK["Resources"] if "FileSystem" in depends_on(name)]
    assert STACK["Resources"]["FileSystem"]["DeletionPolicy"] == "Delete"


def test_each_adapter_has_a_network_card_of_its_own_in_the_clusters_group():
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-acc-inst-types.html"""
    [template] = of_type(STACK, "EC2::LaunchTemplate").values()
    condition, interfaces, otherwise = template["LaunchTemplateData"]["NetworkInterfaces"]["Fn::If"]
    assert (condition, otherwise) == ("HasAdapters", {"Ref": "AWS::NoValue"})
    cards = [each.get("Fn::If", [None, each])[1] for each in interfaces]
    assert [(each["NetworkCardIndex"], each["DeviceIndex"]) for each in cards] == [
        (0, 0),
        (1, 1),
        (2, 1),
        (3, 1),
    ]
    group = {
        "Fn::If": [
            "MakesCluster",
            {"Fn::GetAtt": ["NewCluster", "ClusterSecurityGroupId"]},
            {"Ref": "ClusterSecurityGroup"},
        ]
    }
    [files] = of_type(STACK, "FSx::FileSystem").values()
    assert [each["Groups"] for each in cards] == [[group]] * 4
    assert files["SecurityGroupIds"] == [group]


def test_pods_have_no_way_to_the_role_of_their_node():
    [template] = of_type(STACK, "EC2::LaunchTemplate").values()
    options = template["LaunchTemplateData"]["MetadataOptions"]
    assert options == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_the_dag_makes_no_roles_and_cloudformation_passes_those_of_the_access_template_only():
    assert [each for each in STACK["Resources"].values() if each["Type"].startswith("AWS::IAM")] == []
    assert {
        name: role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for name, role in of_type(ACCESS, "IAM::Role").items()
    } == TRUSTED
    own = [each for name, each in statements(ACCESS) if name == "ProvisioningRole"]
    actions = {action for each in own for action in listed(each["Action"]) if action.startswith("iam:")}
    assert actions == {
        "iam:CreateServiceLinkedRole",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:PassRole",
    }
    passed = [
        (role["Fn::GetAtt"][0], each["Condition"]["StringEquals"]["iam:PassedToService"])
        for each in own
        if "iam:PassRole" in listed(each["Action"])
        for role in listed(each["Resource"])
    ]
    assert {role for role, _ in passed} == {"ClusterRole", "JobRole", "NodeRole"}
    assert all(TRUSTED[role] in services for role, services in passed)


def test_permissions_name_actions_and_resources():
    for name, each in statements(ACCESS):
        actions = listed(each["Action"])
        assert not [action for action in actions if "*" in action], (name, each["Sid"])
        if each["Resource"] == "*":
            assert [action for action in actions if not no_resource(action)] == [], (name, each["Sid"])
        for resource in listed(each["Resource"]):
            named = any(name in str(resource) for name in NAMES)
            tagged = "/environment" in str(each.get("Condition"))
            assert named or tagged or each["Sid"] in BOUND_OTHERWISE, (name, each["Sid"], resource)


def test_airflow_may_do_what_it_calls_and_hands_its_role_to_cloudformation():
    own = [each for name, each in statements(ACCESS) if name == "TrainingPolicy"]
    assert {action for each in own for action in listed(each["Action"])} == {*IN_STACKS, "iam:PassRole"}


def patterns(role: str) -> list[str]:
    """Of resources, as they are in environment ``prod``."""
    return [
        resource["Fn::Sub"].rpartition(":")[2].replace("${Environment}", "prod")
        for name, each in statements(ACCESS)
        if name == role
        for resource in listed(each["Resource"])
        if isinstance(resource, dict) and "Fn::Sub" in resource and each["Sid"] not in BOUND_OTHERWISE
    ]


def test_what_a_run_makes_is_what_cloudformation_and_airflow_may_make(run, settings):
    run = type(run)(
        settings.model_copy(update={"environment": "prod"}), "elastic_training", "r", run.run_after, {}
    )
    name = TrainingStack(NewCluster(["a", "b"], None), "a", "us-east-1a", "g5.xlarge", 1, 1).stack(run).name
    for role, resource in (
        ("ProvisioningRole", f"cluster/{name}"),
        ("ProvisioningRole", f"nodegroup/{name}/{name}/1"),
        ("ProvisioningRole", f"nodegroup/research/{name}/1"),
        ("ProvisioningRole", f"addon/{name}/aws-fsx-csi-driver/1"),
        ("ProvisioningRole", f"podidentityassociation/{name}/a-1"),
        ("ProvisioningRole", f"access-entry/{name}/role/123456789012/workers/1"),
        ("ProvisioningRole", f"placement-group/{name}-PlacementGroup-AbC"),
        ("TrainingPolicy", f"stack/{name}/1"),
        ("TrainingPolicy", f"cluster/{name}"),
    ):
        assert any(fnmatchcase(resource, pattern) for pattern in patterns(role)), resource
        other = resource.replace("-prod-", "-test-")
        assert not any(fnmatchcase(other, pattern) for pattern in patterns(role)), other


def test_names_of_roles_are_those_that_a_run_asks_for_and_short_enough(run):
    stack = TrainingStack(NewCluster(["a", "b"], None), "a", "us-east-1a", "g5.xlarge", 1, 1).stack(run)
    asked = {value.rpartition("/")[2] for name, value in stack.parameters.items() if name.endswith("RoleArn")}
    named = [role["RoleName"]["Fn::Sub"] for role in of_type(ACCESS, "IAM::Role").values()]
    made = {name.replace("${Environment}", "local").replace("${AWS::Region}", "us-east-1") for name in named}
    assert {*asked, stack.role_arn.rpartition("/")[2]} - {""} == made
    for name in named:
        longest = name.replace("${Environment}", "e" * 16).replace("${AWS::Region}", "ap-southeast-2")
        assert len(longest) <= 64, name


def test_every_parameter_is_described():
    for template in (STACK, ACCESS):
        for name, parameter in template["Parameters"].items():
            assert parameter["Description"].strip().endswith("."), name
