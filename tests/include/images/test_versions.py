"""An image in several versions: the tag of its URI says which."""

import pytest

from local.aws.runtime.images import SOURCES, Image, ImageStore, UnknownImageError, versions

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
AWS = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost"


@pytest.fixture
def store(tmp_path):
    """An image that was put here in two versions beside its own."""
    folder = tmp_path / "src" / "probe"
    (folder / "versions").mkdir(parents=True)
    (folder / "requirements.txt").write_text("# none\nprobe==3.2.0\n")
    for version in ("2.1.4", "3.0.5"):
        (folder / "versions" / f"{version}.txt").write_text("")
    return ImageStore(tmp_path / "home", tmp_path / "src")


def test_a_tag_that_names_a_version_is_that_version(store):
    image = store.resolve(f"{REGISTRY}/millrace/probe:3.0.5")
    assert image.requirements == image.folder / "versions" / "3.0.5.txt"
    assert image.label == "probe 3.0.5"
    own = store.resolve(f"{REGISTRY}/millrace/probe:latest")
    assert own.requirements == own.folder / "requirements.txt"
    assert store.path(image) != store.path(own)


@pytest.mark.parametrize("tag", ["latest", "2026-11", "main-3.0.5", "3.2.0", "stable"])
def test_other_tags_are_the_image_s_own_version(store, tag):
    assert store.resolve(f"{REGISTRY}/probe:{tag}").version is None


@pytest.mark.parametrize("tag", ["9.9.9", "1.7-1", "3.0"])
def test_a_version_that_is_not_here_is_refused_with_those_that_are(store, tag):
    with pytest.raises(UnknownImageError) as caught:
        store.resolve(f"{REGISTRY}/probe:{tag}")
    assert str(caught.value) == (
        f"Image probe is not here in version {tag}. Versions here: 2.1.4, 3.0.5, 3.2.0."
    )


def test_each_version_is_installed_for_itself_and_once(store):
    image = store.resolve("probe:3.0.5")
    said = []
    environment = store.ensure(image, said.append)
    assert said[0] == "Image probe 3.0.5: installing 0 packages, once."
    assert store.ensure(image) == environment == store.path(image)
    image.requirements.write_text("# changed")
    assert store.path(image) != environment


def test_an_image_without_versions_takes_every_tag():
    assert ImageStore(SOURCES).resolve(f"{REGISTRY}/spark:9.9.9") == Image("spark", SOURCES / "spark")


@pytest.mark.parametrize(("tag", "version"), [("3.0-5", "3.0.5"), ("1.7-1", None), ("latest", None)])
def test_aws_s_own_tags_name_a_release(tag, version):
    assert ImageStore(SOURCES).resolve(f"{AWS}:{tag}") == Image("xgboost", SOURCES / "xgboost", version)


def test_xgboost_is_here_in_an_older_version():
    assert versions(SOURCES / "xgboost") == ["3.0.5"]
