"""The settings of a doorbell, and what it may do in AWS."""

from pathlib import Path

import pytest
import yaml

from include.devices import doorbell
from include.devices.doorbell.settings import SettingsError, read
from include.uploads import uploads_prefix

FOLDER = Path(doorbell.__file__).parent
EXAMPLE = FOLDER / "doorbell.toml"


class Template(yaml.SafeLoader):
    """CloudFormation's functions as what stands after their tags."""


def _function(loader, _suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    construct = loader.construct_mapping if isinstance(node, yaml.MappingNode) else loader.construct_sequence
    return construct(node, deep=True)


Template.add_multi_constructor("!", _function)


def test_the_example_is_read_with_paths_beside_it():
    settings = read(EXAMPLE)
    assert settings.prefix == uploads_prefix("acme", "voice_message")
    assert settings.greeting == FOLDER / "greeting.mp3"
    assert settings.device.key == FOLDER / "private.key"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('bucket = "millrace-production-data"', "", "bucket"),
        ('bucket = "millrace-production-data"', 'buckets = "x"', "buckets"),
        ("[device]", "[devices]", "device"),
        ('key = "private.key"', "", "key"),
        ("voice_message/", "voice_message", "it must end with a slash"),
        ("[device]", "[device", "doorbell.toml"),
    ],
)
def test_other_settings_are_refused_with_the_reason(tmp_path, old, new, reason):
    file = tmp_path / "doorbell.toml"
    file.write_text(EXAMPLE.read_text().replace(old, new))
    with pytest.raises(SettingsError, match=reason):
        read(file)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read(tmp_path / "ghost.toml")


def test_the_device_may_put_objects_below_one_prefix_of_one_bucket_and_nothing_else():
    template = yaml.load((FOLDER / "access.yaml").read_text(), Template)
    [policy] = template["Resources"]["Role"]["Properties"]["Policies"]
    put, with_key = policy["PolicyDocument"]["Statement"]
    assert put == {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "arn:${AWS::Partition}:s3:::${Bucket}/${Prefix}*",
    }
    condition, key, otherwise = with_key
    assert (condition, otherwise) == ("HasKey", "AWS::NoValue")
    assert key["Action"] == "kms:GenerateDataKey"
    assert key["Condition"]["StringEquals"] == {"kms:ViaService": "s3.${AWS::Region}.amazonaws.com"}
