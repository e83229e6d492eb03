import pytest

from tests.include.infrastructure.variants import VARIANTS, Variant


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request):
    return Variant(request.param)


@pytest.fixture
def plain():
    return Variant({})


@pytest.fixture
def shared():
    return Variant(VARIANTS["one queue for all triggerers"])
