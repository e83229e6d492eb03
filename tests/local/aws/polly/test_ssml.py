"""Which documents are taken, and how many characters of them are billed."""

import pytest

from local.aws.services.polly.errors import InvalidSsmlError
from local.aws.services.polly.ssml import spoken_characters


@pytest.mark.parametrize(
    ("document", "characters"),
    [
        ("<speak>Hello</speak>", 5),
        ("<speak></speak>", 0),
        ("<speak><p><s>Hello</s></p> <s>you</s></speak>", 9),
        ('<speak>Wait<break time="250ms"/><break strength="strong"/>here</speak>', 8),
        ('<speak><prosody rate="slow" volume="+6dB" pitch="-10%">Low</prosody></speak>', 3),
        ('<speak><sub alias="Amazon Web Services">AWS</sub></speak>', 3),
        ("<speak>Salt &amp; pepper</speak>", 13),
    ],
)
def test_what_is_outside_of_tags_is_billed(document, characters):
    assert spoken_characters(document) == characters


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("Hello", "syntax error"),
        ("<speak>Hello", "no element found"),
        ("<p>Hello</p>", "the root is <p>"),
        ("<speak><voice name='x'>Hello</voice></speak>", "<voice> is not spoken here"),
        ("<speak><audio src='file:///etc/passwd'/></speak>", "<audio> is not spoken here"),
        ("<speak><break time='2 seconds'/></speak>", '<break time="2 seconds">'),
        ("<speak><break time='11s'/></speak>", "a break of 11s is longer than 10s"),
        ("<speak><prosody rate='500%'>Hello</prosody></speak>", "a rate of 500% is outside of 20% to 200%"),
        ("<speak><prosody speed='slow'>Hello</prosody></speak>", '<prosody speed="slow">'),
        ("<speak><!-- Hello --></speak>", "comment is not taken"),
        ("<speak>&a;</speak>", "undefined entity"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><speak>&a;</speak>", "declaration"),
    ],
)
def test_other_documents_are_refused_with_the_reason(document, reason):
    with pytest.raises(InvalidSsmlError, match="Invalid SSML request: ") as refused:
        spoken_characters(document)
    assert reason in str(refused.value)
