"""A call of two speakers, whatever turns the transcript has."""

import json

import pytest

import calls
from calls import compare, labelled_lines, metrics, page, together
from transcripts import Transcript, Word

REFERENCE = """\
Customer : Hello,
Agent :Good morning, South India Travel.
Customer : I was thinking of Hyderabad.

Agent : Char Minar is there.
"""
WITHOUT = """\
customer : hello
agent : good morning India travel char
agent: mahina is there
customer : I was thinking of hydra bad
"""


def test_each_sentence_has_its_errors_though_the_turns_differ():
    found = compare(REFERENCE, {"without": WITHOUT, "with": REFERENCE}).document()
    without, with_it = (
        [sentence["heard"][name]["errors"] for sentence in found["sentences"]] for name in ("without", "with")
    )
    assert without == [0, 1, 2, 1]
    assert with_it == [0, 0, 0, 0]
    assert [sentence["speaker"] for sentence in found["sentences"]] == [
        "Customer",
        "Agent",
        "Customer",
        "Agent",
    ]
    assert found["sentences"][3]["heard"]["without"]["ref"] == "char minar is there"
    assert found["sentences"][3]["heard"]["without"]["hyp"] == "char mahina is there"


def test_totals_have_every_rate():
    total = compare(REFERENCE, {"without": WITHOUT}).document()["totals"]["without"]
    assert (total["words"], total["matches"], total["errors"]) == (15, 12, 4)
    assert (total["substitutions"], total["deletions"], total["insertions"]) == (2, 1, 1)
    assert (total["wer"], total["wrr"], total["ser"]) == (4 / 15, 12 / 15, 3 / 4)


def test_the_words_of_one_speaker_are_not_looked_for_with_the_other():
    found = compare("Agent : yes\nCustomer : no", {"x": "Agent : no\nCustomer : yes"})
    assert found.errors["x"].counts["substitutions"] == 2


def test_words_of_every_script_are_compared():
    found = compare("Agent : उनमें से चार मिनार है।", {"x": "Agent : उनमें से चार महीना है"})
    assert found.errors["x"].counts["errors"] == 1


def test_a_speaker_who_is_not_heard_was_deleted():
    assert compare(REFERENCE, {"x": "Customer : Hello"}).errors["x"].counts["deletions"] == 14


@pytest.mark.parametrize(
    ("reference", "heard", "says"),
    [
        ("Hello", "Agent : x", "Line 1 of 'reference' names no speaker"),
        ("Agent : Hello", "\nhello there", "Line 2 of 'x' names no speaker"),
        ("Agent : Hello", "Customer : x", r"'Customer' speaks in the transcript, but .* only \['Agent'\]"),
        ("Agent : ...", "Agent : x", "has no words"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference, heard, says):
    with pytest.raises(ValueError, match=says):
        compare(reference, {"x": heard})


def test_a_transcript_becomes_lines_by_speaker():
    agent = [
        Word("Hi", 0, 1, 1.0, "AGENT", "."),
        Word("there", 1, 2, 1.0, "AGENT"),
        Word("Bye", 4, 5, 1.0, "AGENT"),
    ]
    customer = [Word("Hello", 2, 3, 1.0, "CUSTOMER", ",")]
    transcript = Transcript([agent[:2], customer, agent[2:]])
    assert labelled_lines(transcript) == "Agent : Hi. there\nCustomer : Hello,\nAgent : Bye\n"


def test_channels_get_the_names_of_their_roles():
    transcript = Transcript([[Word("Hi", 0, 1, 1.0, "ch_0")], [Word("Yes", 2, 3, 1.0, "ch_1")]])
    assert labelled_lines(transcript, {"ch_0": "Agent", "ch_1": "Customer"}) == "Agent : Hi\nCustomer : Yes\n"


def test_a_transcript_without_channels_has_no_speakers():
    with pytest.raises(ValueError, match="does not tell speakers apart"):
        labelled_lines(Transcript([[Word("Hi", 0, 1, 1.0)]]))


def test_all_calls_together_have_the_sum_of_their_errors():
    first = compare(REFERENCE, {"without": WITHOUT, "with": REFERENCE})
    second = compare("Agent : Hello", {"without": "Agent : Hell", "with": "Agent : Hell"})
    found = together({"first": first, "second": second})
    assert [call["totals"]["without"]["errors"] for call in found["calls"]] == [4, 1]
    assert (found["totals"]["without"]["errors"], found["totals"]["without"]["words"]) == (5, 16)
    flat = metrics(found)
    assert (flat["wer_without"], flat["wer_with"]) == (round(5 / 16, 6), round(1 / 16, 6))
    assert (flat["ser_without"], flat["words_correct_with"], flat["sentences"]) == (4 / 5, 15, 5)


def test_no_call_has_no_totals():
    assert together({}) == {"totals": {}, "calls": []}
    assert metrics(together({})) == {}


def test_a_page_says_how_many_sentences_it_leaves_out(monkeypatch):
    monkeypatch.setattr(calls, "MOST_SENTENCES", 5)
    found = together({name: compare(REFERENCE, {"without": WITHOUT}) for name in ("one", "two", "three")})
    html = page(found, title="Calls")
    assert "7 more sentences are in rates.json" in html
    assert html.count("<article>") == 5
    assert "<h3>two</h3>" in html
    assert "<h3>three</h3>" not in html


def test_the_page_shows_both_transcripts_and_escapes_them():
    reference = "Agent : Hello <script>alert(1)</script> you"
    heard = {"without": "Agent : Hello <b>", "with <i>": reference}
    found = together({"<c>": compare(reference, heard)})
    aside = {"file": "<y>.wav", "reason": "It is <silent>.", "remedy": "Check it."}
    facts = {"file": "<x>.wav"}
    html = page(json.loads(json.dumps(found)), title="Call <1>", facts=facts, set_aside=[aside])
    assert "<title>Call &lt;1&gt;</title>" in html
    assert "<h3>&lt;c&gt;</h3>" in html
    assert "It is &lt;silent&gt;." in html
    assert "&lt;x&gt;.wav" in html
    assert "with &lt;i&gt;" in html
    assert "<u>&lt;b&gt;</u>" in html
    assert "<script" not in html
    assert "<i>&lt;script&gt;alert1&lt;script&gt;</i>" in html
