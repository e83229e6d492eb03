"""Transcribe's own documents, as its guide shows them, and broken ones."""

import csv
import json

import pytest

from transcripts import Transcript, TranscriptError, Word, write_sentences, write_words


def spoken(text, start, end, confidence="1.0", **more):
    best = {"confidence": confidence, "content": text}
    return {"start_time": start, "end_time": end, "alternatives": [best], "type": "pronunciation", **more}


def mark(text, **more):
    return {"alternatives": [{"confidence": "0.0", "content": text}], "type": "punctuation", **more}


def document(*items):
    return {"jobName": "job", "results": {"transcripts": [{"transcript": "ignored"}], "items": [*items]}}


def turn(role, *items):
    return {"ParticipantRole": role, "Items": [*items], "Content": "ignored"}


def call_item(text, start, end, confidence="0.5"):
    times = {"BeginOffsetMillis": start, "EndOffsetMillis": end}
    return {"Type": "pronunciation", "Content": text, "Confidence": confidence, **times}


HOLD = document(
    spoken("Well", "4.0", "4.5", "0.5"),
    mark(","),
    spoken("hold", "5.28", "5.62", "0.998"),
    mark("."),
    spoken("EC2", "6.1", "6.25", "0.25"),
)


def test_words_have_times_confidence_and_the_mark_behind_them():
    assert Transcript.of(HOLD).words == [
        Word("Well", 4.0, 4.5, 0.5, mark=","),
        Word("hold", 5.28, 5.62, 0.998, mark="."),
        Word("EC2", 6.1, 6.25, 0.25),
    ]


def test_a_sentence_ends_at_any_mark_but_a_comma_and_at_the_end():
    transcript = Transcript.of(HOLD)
    assert [sentence.text for sentence in transcript.sentences] == ["Well, hold.", "EC2"]
    assert transcript.text == "Well, hold. EC2"
    first = transcript.sentences[0]
    assert (first.start, first.end, first.confidence) == (4.0, 5.62, pytest.approx(0.749))


@pytest.mark.parametrize("comma", [",", "、", "،", "\N{FULLWIDTH COMMA}"])
def test_commas_of_every_script_end_no_sentence(comma):
    transcript = Transcript.of(document(spoken("a", "0", "1"), mark(comma), spoken("b", "1", "2")))
    assert len(transcript.sentences) == 1


@pytest.mark.parametrize("end", [".", "?", "!", "।", "…", ";"])
def test_every_other_mark_ends_one(end):
    transcript = Transcript.of(document(spoken("a", "0", "1"), mark(end), spoken("b", "1", "2")))
    assert [sentence.text for sentence in transcript.sentences] == [f"a{end}", "b"]


def test_channels_are_told_apart_and_their_sentences_put_in_order():
    channels = [
        {"channel_label": "ch_0", "items": [spoken("one", "0", "1"), spoken("three", "2", "5"), mark(".")]},
        {"channel_label": "ch_1", "items": [spoken("two", "1.5", "2"), mark("."), spoken("four", "6", "7")]},
    ]
    both = document(spoken("one", "0", "1"))
    both["results"]["channel_labels"] = {"number_of_channels": 2, "channels": channels}
    transcript = Transcript.of(both)
    assert [(word.text, word.channel) for word in transcript.words] == [
        ("one", "ch_0"),
        ("two", "ch_1"),
        ("three", "ch_0"),
        ("four", "ch_1"),
    ]
    assert [sentence.text for sentence in transcript.sentences] == ["one three.", "two.", "four"]


def test_call_analytics_has_turns_with_times_in_milliseconds():
    punctuation = {"Type": "punctuation", "Content": "?", "Confidence": "0.0"}
    transcript = Transcript.of(
        {
            "JobStatus": "COMPLETED",
            "Transcript": [
                turn("AGENT", call_item("How", 440, 900)),
                turn("AGENT", call_item("so", 1000, 1200), punctuation),
                turn("CUSTOMER", call_item("Fine", 1300, 1500)),
            ],
        }
    )
    assert transcript.words[0] == Word("How", 0.44, 0.9, 0.5, "AGENT")
    assert [(s.text, s.channel) for s in transcript.sentences] == [
        ("How", "AGENT"),
        ("so?", "AGENT"),
        ("Fine", "CUSTOMER"),
    ]


def test_silence_has_neither_words_nor_sentences():
    transcript = Transcript.of(document())
    assert (transcript.words, transcript.sentences, transcript.text) == ([], [], "")


def test_a_mark_that_no_word_precedes_belongs_to_nothing():
    assert Transcript.of(document(mark("."), spoken("a", "0", "1"))).text == "a"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ([], "results is missing"),
        ({"results": {}}, "results.items is missing"),
        ({"results": {"items": {}}}, "results.items is not a list"),
        (document({"type": "pronunciation"}), r"results.items\[0\].alternatives is missing"),
        (document(HOLD["results"]["items"][0] | {"alternatives": []}), r"alternatives is empty"),
        (document(spoken("a", "0", "1"), {**mark("."), "type": "noise"}), r"items\[1\].type is 'noise'"),
        (document(spoken("", "0", "1")), r"content is '', not a text"),
        (document(spoken("a", "x", "1")), r"start_time is 'x', not a number of at least 0"),
        (document(spoken("a", "-1", "1")), r"start_time is '-1'"),
        (document(spoken("a", "nan", "1")), r"start_time is 'nan'"),
        (document(spoken("a", "0", "inf")), r"end_time is 'inf'"),
        (document(spoken("a", True, "1")), r"start_time is True"),
        (document(spoken("a", "2", "1")), r"end_time is '1', before the start at '2'"),
        (document(spoken("a", "0", "1", "1.5")), r"confidence is '1.5', not a number from 0 to 1"),
        (document(spoken("a", "0", "1", None)), r"confidence is None"),
        ({"Transcript": [turn("AGENT", {"Type": "pronunciation"})]}, r"Transcript\[0\].Items\[0\].Begin"),
    ],
)
def test_what_is_broken_is_named_by_file_and_field(tmp_path, broken, says):
    (tmp_path / "lecture.json").write_text(json.dumps(broken))
    with pytest.raises(TranscriptError, match=rf"/lecture\.json: .*{says}"):
        Transcript.read(tmp_path / "lecture.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}"])
def test_what_is_not_json_is_named(tmp_path, content):
    (tmp_path / "lecture.json").write_bytes(content)
    with pytest.raises(TranscriptError, match=r"/lecture\.json is not JSON in UTF-8"):
        Transcript.read(tmp_path / "lecture.json")


def test_words_and_sentences_are_handed_on_as_tables(tmp_path):
    transcripts = [
        ("a.flac", Transcript.of(HOLD)),
        ("b.flac", Transcript.of(document(spoken("x", "0", "1")))),
    ]
    write_words(tmp_path / "words.csv", iter(transcripts))
    write_sentences(tmp_path / "sentences.csv", iter(transcripts))
    with (tmp_path / "words.csv").open(newline="") as file:
        words = [*csv.DictReader(file)]
    assert [(row["file"], row["word"], row["start"]) for row in words] == [
        ("a.flac", "Well", "4.0"),
        ("a.flac", "hold", "5.28"),
        ("a.flac", "EC2", "6.1"),
        ("b.flac", "x", "0.0"),
    ]
    with (tmp_path / "sentences.csv").open(newline="") as file:
        sentences = [*csv.DictReader(file)]
    assert [(row["sentence"], row["confidence"]) for row in sentences] == [
        ("Well, hold.", "0.749"),
        ("EC2", "0.25"),
        ("x", "1.0"),
    ]


def test_the_document_has_text_words_and_sentences():
    found = json.loads(json.dumps(Transcript.of(HOLD).document()))
    assert found["text"] == "Well, hold. EC2"
    assert found["words"][2] == {
        "text": "EC2",
        "start": 6.1,
        "end": 6.25,
        "confidence": 0.25,
        "channel": None,
        "mark": "",
    }
    assert found["sentences"][1]["confidence"] == 0.25
