"""docs/production.md names only variables, files and outputs that exist."""

import re
from pathlib import Path

import pytest
import yaml
from airflow.configuration import conf

from include.settings import Settings
from local.compose import environment

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "production.md"
TEXT = PAGE.read_text()
OPTIONS = sorted(set(re.findall(r"AIRFLOW__\w+", TEXT)))
CLASSES = sorted(set(re.findall(r"`(airflow\.providers\.[\w.]+)`", TEXT)))


def test_every_variable_of_millrace_is_a_setting():
    named = set(re.findall(r"MILLRACE_[A-Z_]+[A-Z]", TEXT))
    assert named
    assert named <= {f"MILLRACE_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("variable", OPTIONS)
def test_every_option_of_airflow_exists(variable):
    _, section, option = variable.lower().split("__")
    options = conf.configuration_description[section]["options"]
    if option.endswith("_cmd"):
        option = option.removesuffix("_cmd")
        assert options[option]["sensitive"]
    assert option in options


def test_options_in_mwaas_spelling_exist_too():
    named = re.findall(r"`(\w+)\.(\w+)=\d+`", TEXT)
    assert len(named) == 3
    for section, option in named:
        assert option in conf.configuration_description[section]["options"]


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_can_be_imported(name):
    module, _, attribute = name.rpartition(".")
    assert hasattr(__import__(module, fromlist=[attribute]), attribute)


def test_the_generated_password_is_named_as_it_is():
    assert {"AIRFLOW_ADMIN_PASSWORD"} == set(re.findall(r"AIRFLOW_[A-Z]\w+", TEXT))
    assert "AIRFLOW_ADMIN_PASSWORD" in environment.passwords()


def test_what_it_says_of_the_infrastructure_is_in_the_template():
    template = yaml.load(
        (ROOT / "include/infrastructure/millrace.yaml").read_text(), Loader=_with_intrinsics()
    )
    assert {"EventsQueue", "LogDays", "UploadAgeSeconds"} <= set(template["Parameters"])
    assert "EventsQueueUrl" in template["Outputs"]


def test_its_links_lead_somewhere():
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert not file or (PAGE.parent / file).is_file(), target
        assert file or anchor in headings, target


def _with_intrinsics():
    """A loader that reads CloudFormation's short forms as their arguments."""

    class Loader(yaml.SafeLoader):
        pass

    def argument(loader, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node)
        return loader.construct_mapping(node)

    Loader.add_multi_constructor("!", argument)
    return Loader
