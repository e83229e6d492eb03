"""The link that `millrace review` prints."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.aws.server import LocalAws
from local.cli.review import sign_in_link
from local.stack.errors import MillraceError, NotRunningError


@pytest.fixture
def aws(tmp_path):
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as server:
        yield server


def test_a_link_carries_what_signs_in_where_no_server_sees_it(aws):
    link, is_new = sign_in_link(aws.endpoint_url, "Ada & Bob, ü")
    address = urlsplit(link)
    given = {name: values[0] for name, values in parse_qs(address.fragment).items()}
    assert (is_new, given["name"], address.query) == (True, "Ada & Bob, ü", "")
    assert httpx.post(f"{aws.endpoint_url}{address.path}", data=given).is_redirect


def test_a_reviewer_who_is_known_gets_another_link(aws):
    first, _ = sign_in_link(aws.endpoint_url, "ada")
    second, is_new = sign_in_link(aws.endpoint_url, "ada")
    assert not is_new
    assert first != second


def test_a_name_that_nobody_can_have_is_refused(aws):
    with pytest.raises(MillraceError, match="A worker's name has 1 to 63 characters"):
        sign_in_link(aws.endpoint_url, "x" * 64)


def test_a_server_that_does_not_answer():
    with pytest.raises(NotRunningError, match="does not answer: run `millrace up`"):
        sign_in_link("http://127.0.0.1:9", "ada")
