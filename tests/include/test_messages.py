"""Text messages: what SNS takes of them, and what nobody is to read of the number."""

import json
import re

import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from pydantic import ValidationError

from include.messages import (
    MOST_CHARACTERS,
    Marker,
    TextMessage,
    masked,
    one_line,
    recipient,
    shortened,
)
from include.settings import Settings

NUMBER = "+12025550123"


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setenv("MILLRACE_PHONE_NUMBER", NUMBER)
    return Settings()


def test_the_request_is_one_that_sns_takes():
    request = TextMessage("Hello", "s3://b/sent/1.json", "s3://b/t.json").request(NUMBER)
    shape = get_session().get_service_model("sns").operation_model("Publish").input_shape
    validate_parameters(request, shape)
    assert (request["PhoneNumber"], request["Message"]) == (NUMBER, "Hello")
    assert request["MessageAttributes"]["AWS.SNS.SMS.SMSType"]["StringValue"] == "Transactional"


@pytest.mark.parametrize("text", ["", "a" * (MOST_CHARACTERS + 1)])
def test_what_sns_would_refuse_is_no_message(text):
    with pytest.raises(ValueError, match=rf"1 to 1600 characters, this one {len(text)}"):
        TextMessage(text, "s3://b/m", "s3://b/t")


def test_who_gets_messages_is_what_the_deployment_says(named):
    assert recipient(named) == NUMBER


def test_without_a_number_it_is_said_what_to_set(settings):
    with pytest.raises(ValueError, match=r"set MILLRACE_PHONE_NUMBER, as \+<country code><number>"):
        recipient(settings)


def test_settings_do_not_show_the_number(named):
    assert NUMBER[3:] not in f"{named!r} {named} {named.model_dump()} {named.phone_number}"


@pytest.mark.parametrize(
    "number", ["", "2025550123", "+1 202 555 0123", "+0202555012", "+1", "+1202555012345678"]
)
def test_what_is_no_number_is_refused_without_being_shown(monkeypatch, number):
    monkeypatch.setenv("MILLRACE_PHONE_NUMBER", number)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "phone_number" in str(refused.value)
    assert not number or number not in str(refused.value)


def test_a_masked_number_shows_its_last_two_digits():
    assert masked(NUMBER) == "**********23"


def test_a_marker_is_read_as_it_was_written_and_says_how_far_it_is():
    for marker, state in ((Marker("c", "s"), "sending"), (Marker("c", "s", "id"), "sent")):
        document = json.loads(marker.document())
        assert document["state"] == state
        assert Marker.parse(document) == marker


def test_text_of_a_stranger_is_one_line_without_control_characters():
    assert one_line("  one\n\ttwo\x1b[31m \x00three\N{RIGHT-TO-LEFT OVERRIDE} ") == "one two [31m three"
    assert one_line("grüß dich, 你好 🙂") == "grüß dich, 你好 🙂"


def test_a_text_that_fits_stays_as_it_is():
    text = "word " * 319 + "words"
    assert len(text) == MOST_CHARACTERS
    assert shortened(text, "... more") == text


def test_a_longer_text_is_cut_between_words_and_says_where_the_rest_is():
    text = " ".join(f"word{number}" for number in range(400))
    cut = shortened(text, "... more")
    assert MOST_CHARACTERS - 8 <= len(cut) <= MOST_CHARACTERS
    kept = cut.removesuffix("... more")
    assert kept != cut
    assert text.startswith(f"{kept} ")
    assert re.search(r"word\d+$", kept)


def test_a_word_that_ends_where_the_room_does_is_kept():
    text = "a" * (MOST_CHARACTERS - 5) + " bbbbbbbb"
    assert shortened(text, "12345") == "a" * (MOST_CHARACTERS - 5) + "12345"


def test_a_text_without_spaces_is_cut_anywhere():
    cut = shortened("字" * 2000, "... more")
    assert cut == "字" * (MOST_CHARACTERS - 8) + "... more"


def test_a_tail_must_leave_room():
    with pytest.raises(ValueError, match="leaves no room"):
        shortened("a" * 1601, "b" * 1600)
