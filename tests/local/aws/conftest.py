"""One running local AWS for the tests of a module; folders of tests say what theirs is made of."""

from pathlib import Path

import pytest

from local.aws.runtime.engine import ENGINES
from local.aws.runtime.images import ImageStore
from local.aws.server import LocalAws

IMAGE_SOURCES = Path(__file__).parent / "images"
"""An image without packages, which runs what it is given."""


@pytest.fixture(scope="session")
def function_images(tmp_path_factory):
    """A folder of environments that has the runtime of functions."""
    folder = tmp_path_factory.mktemp("function-images")
    store = ImageStore(folder, ENGINES)
    store.ensure(store.resolve("python_function"))
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Where environments of images and engines are built, once for a module."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def variables():
    """The server's own environment."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory, images, variables):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, str(value))
        with LocalAws(home=tmp_path_factory.mktemp("aws"), images=images) as aws:
            yield aws


@pytest.fixture
def name(request):
    """A name for what this test makes: the test's own, as the services want names."""
    plain = "".join(c if c.isalnum() else "-" for c in request.node.name.removeprefix("test_").lower())
    return plain[:50].strip("-").replace("--", "-")
