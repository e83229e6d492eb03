import pytest

from local.aws.runtime.container import ContainerSpec
from local.aws.runtime.images import Image, ImageStore


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    sources = tmp_path_factory.mktemp("sources")
    (sources / "bare" / "bin").mkdir(parents=True)
    (sources / "bare" / "requirements.txt").touch()
    return ImageStore(tmp_path_factory.mktemp("environments"), sources)


@pytest.fixture
def image(store) -> Image:
    return store.resolve("bare:1")


@pytest.fixture
def spec(store, image, tmp_path):
    venv = store.ensure(image, print)

    def make(code, *arguments, **environment):
        command = ["python", "-c", code, *arguments]
        return ContainerSpec(image, venv, tmp_path / "root", command, environment)

    return make
