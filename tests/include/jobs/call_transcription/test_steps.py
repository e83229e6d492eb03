"""The steps of the call transcription, each as a process of the image, on documents of AWS's form."""

import json
import struct
import wave

import pytest

SAID = "Agent : How can I help you?\nCustomer : My EC2 instance is gone.\nAgent : Let me see.\n"
HEARD = [
    ("AGENT", "How can I help you ?"),
    ("CUSTOMER", "My easy to instance is gone ."),
    ("AGENT", "Let see ."),
]
BETTER = [*HEARD[:1], ("CUSTOMER", "My EC2 instance is gone ."), *HEARD[2:]]
RATE = 8_000


def sound(path, channels=2, rate=RATE, peak=12_000):
    """A second of a saw-tooth in every channel."""
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        values = [round(peak * (n % 80 - 40) / 40) for n in range(rate) for _ in range(channels)]
        file.writeframes(struct.pack(f"<{len(values)}h", *values))


@pytest.fixture
def media(tmp_path):
    """Two calls, one of them with a reference, and a table of words."""
    folder = tmp_path / "media"
    folder.mkdir()
    sound(folder / "lost.wav")
    (folder / "lost.txt").write_text(SAID)
    sound(folder / "other.wav", rate=16_000)
    (folder / "vocabulary.tsv").write_text("Phrase\tSoundsLike\tIPA\tDisplayAs\nE.C.-Two\t\t\tEC2\n")
    return folder


def check(step, media):
    arguments = ("--calls", "--media", media, "--uri", "s3://b/calls/")
    return step("check_recordings.py", *arguments, output="recordings")


def transcript(turns):
    """As call analytics writes it."""
    return {
        "Transcript": [
            {
                "ParticipantRole": role,
                "Items": [
                    {"Type": "punctuation", "Content": word, "Confidence": "0.0"}
                    if word in ".?"
                    else {
                        "Type": "pronunciation",
                        "Content": word,
                        "Confidence": "0.9",
                        "BeginOffsetMillis": 10_000 * number + 100 * place,
                        "EndOffsetMillis": 10_000 * number + 100 * place + 90,
                    }
                    for place, word in enumerate(text.split())
                ],
            }
            for number, (role, text) in enumerate(turns)
        ]
    }


@pytest.fixture
def transcripts(tmp_path):
    def write(when, turns, below=""):
        folder = tmp_path / when
        (folder / below).mkdir(parents=True)
        for name in ("lost", "other"):
            (folder / below / f"{name}.json").write_text(json.dumps(transcript(turns)))
        return folder

    return write


def compare(step, checked, **folders):
    arguments = [text for name, folder in folders.items() for text in (f"--{name}", folder)]
    return step("compare_calls.py", "--recordings", checked.folder, *arguments, output="comparison")


def test_what_call_analytics_would_refuse_is_set_aside_with_the_reason(step, media):
    sound(media / "silent.wav", peak=0)
    sound(media / "six.wav", channels=6)
    sound(media / "mono.wav", channels=1)
    (media / "empty.wav").write_bytes(b"")
    (media / "words.wav").write_text("Agent : Hello.\n")
    (media / "cut.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(64))
    checked = check(step, media)
    reasons = {
        each["file"]: each["reason"] for each in json.loads((checked.folder / "set_aside.json").read_text())
    }
    assert {file: reason.partition(":")[0] for file, reason in reasons.items()} == {
        "silent.wav": "It is silent",
        "six.wav": "It has 6 channels, at most 2 are allowed.",
        "mono.wav": "It has 1 channel, call analytics needs 2.",
        "empty.wav": "It is empty",
        "words.wav": "It is text, not sound.",
        "cut.mp4": "It is an MP4 file that is cut off",
    }
    assert (checked.metrics["recordings"], checked.metrics["recordings_set_aside"]) == (2, 6)


def test_what_a_call_is_and_what_is_advised_is_kept(step, media):
    found = json.loads((check(step, media).folder / "media.json").read_text())
    lost = found["lost"]
    assert (lost["container"], lost["codec"], lost["sample_rate"], lost["channels"]) == (
        *("WAV", "pcm_s16le"),
        *(RATE, 2),
    )
    assert lost["advice"] == []
    assert found["other"]["advice"] == ["It has 16000 Hz: 8000 Hz stereo is advised for telephone calls."]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_table_beside_the_calls_is_no_recording(step, media, is_there):
    if not is_there:
        (media / "vocabulary.tsv").unlink()
    checked = check(step, media)
    assert checked.metrics["vocabulary_tables"] == is_there
    assert checked.metrics["recordings_set_aside"] == 0


def test_sentences_add_up_to_the_totals_and_the_metrics(step, media, transcripts):
    checked = check(step, media)
    folders = {"without": transcripts("without", HEARD), "with": transcripts("with", BETTER, "analytics")}
    result = compare(step, checked, **folders)
    found = json.loads((result.folder / "rates.json").read_text())
    [call] = found["calls"]
    for name, errors in (("without", 3), ("with", 1)):
        each = [sentence["heard"][name] for sentence in call["sentences"]]
        total = found["totals"][name]
        for kind in ("words", "matches", "substitutions", "deletions", "insertions", "errors"):
            assert sum(sentence[kind] for sentence in each) == total[kind] == call["totals"][name][kind]
        assert total["errors"] == errors
        assert result.metrics[f"wer_{name}"] == pytest.approx(errors / 13, abs=1e-6)
        assert result.metrics[f"wrr_{name}"] == pytest.approx(total["matches"] / 13, abs=1e-6)
        assert result.metrics[f"words_correct_{name}"] == total["matches"]
    assert result.metrics["ser_without"] == pytest.approx(2 / 3, abs=1e-6)
    assert result.metrics["ser_with"] == pytest.approx(1 / 3, abs=1e-6)
    customer = call["sentences"][1]["heard"]["without"]
    assert (customer["ref"], customer["hyp"]) == (
        "my *** ec2 instance is gone",
        "my easy to instance is gone",
    )
    assert (customer["substitutions"], customer["insertions"]) == (1, 1)


def test_a_call_without_a_reference_is_listed_and_not_measured(step, media, transcripts):
    result = compare(step, check(step, media), without=transcripts("without", HEARD))
    assert (result.metrics["calls"], result.metrics["calls_measured"]) == (2, 1)
    page = (result.folder / "report.html").read_text()
    assert "other" in page
    assert "no reference" in page
    assert (result.folder / "without" / "other.txt").read_text().splitlines() == [
        "Agent : How can I help you?",
        "Customer : My easy to instance is gone.",
        "Agent : Let see.",
    ]


def test_without_a_vocabulary_the_report_has_one_column(step, media, transcripts):
    result = compare(step, check(step, media), without=transcripts("without", HEARD))
    assert not [name for name in result.metrics if name.endswith("_with")]
    page = (result.folder / "report.html").read_text()
    assert "<th>WER without</th>" in page
    assert "<th>WER with</th>" not in page


def test_without_any_reference_there_are_no_rates_but_a_report(step, media, transcripts):
    (media / "lost.txt").unlink()
    sound(media / "silent.wav", peak=0)
    result = compare(step, check(step, media), without=transcripts("without", HEARD))
    assert result.metrics == {"calls": 2, "calls_measured": 0}
    page = (result.folder / "report.html").read_text()
    assert "No call has a reference" in page
    assert "silent.wav" in page


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (
            b"How can I help you?\n",
            "lost and its reference cannot be compared: Line 1 of 'reference' names no",
        ),
        ("Agent : caf\u00e9\n".encode("latin-1"), "The reference lost.txt is not UTF-8"),
    ],
)
def test_a_reference_that_cannot_be_compared_is_named(step, media, transcripts, reference, says):
    (media / "lost.txt").write_bytes(reference)
    assert says in compare(step, check(step, media), without=transcripts("without", HEARD)).reason


def test_a_transcript_that_is_missing_is_named(step, media, transcripts):
    folder = transcripts("without", HEARD)
    (folder / "other.json").unlink()
    assert (
        "no transcript other.json among those without"
        in compare(step, check(step, media), without=folder).reason
    )


def test_every_broken_row_of_a_table_is_named(step, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    (folder / "words.tsv").write_text("Phrase\tSoundsLike\tIPA\tDisplayAs\nE C 2\t\t\tEC2\n")
    arguments = ("check_vocabulary.py", "--table", folder, "--language", "en-US")
    assert "Row 2, column Phrase, has a space" in step(*arguments, output="vocabulary").reason
    (folder / "more.tsv").write_text("")
    assert "There are 2 files where one table has to be" in step(*arguments, output="vocabulary").reason
