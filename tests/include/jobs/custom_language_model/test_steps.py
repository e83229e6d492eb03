"""The steps of custom language models, each as a process of the image, on documents of AWS's form."""

import json
import wave

import pytest

SAID = ["We start the training job.", "The champion stays in place."]
CORPUS = "The pipeline reads every table.\nThe quality gate checks the schema.\n"


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    period = b"".join(int(300 * (n % 80 - 40)).to_bytes(2, "little", signed=True) for n in range(80))
    for name, rate in {"one": 16_000, "two": 48_000}.items():
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(period * (rate // 80))
        (folder / f"{name}.txt").write_text("\n".join(SAID) + "\n")
    return folder


@pytest.fixture
def checked(step, media):
    def run():
        arguments = ("--media", media, "--uri", "s3://b/held_out/", "--measured")
        return step("check_recordings.py", *arguments, output="recordings")

    return run


@pytest.fixture
def corpus(step, tmp_path, checked):
    """Checks text to train on and, if there is any, to tune with."""

    def run(training=CORPUS, tuning=None):
        arguments = []
        for use, text in {"training": training, "tuning": tuning}.items():
            if text is not None:
                (tmp_path / use).mkdir()
                content = text if isinstance(text, bytes) else text.encode()
                (tmp_path / use / "text.txt").write_bytes(content)
                arguments += [f"--{use}", tmp_path / use]
        references = checked().folder / "references"
        return step("check_corpus.py", *arguments, "--references", references, output="corpus")

    return run


def test_the_sample_rate_of_each_recording_is_kept(checked):
    listed = json.loads((checked().folder / "recordings.json").read_text())
    assert {each["name"]: each["sample_rate"] for each in listed} == {"one": 16_000, "two": 48_000}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "There is no text beside it to measure against."),
        (b" ...\n", "The text beside it has no words."),
        (b"caf\xe9\n", "The text beside it is not UTF-8: "),
    ],
)
def test_a_recording_that_nothing_can_be_measured_against_is_set_aside(checked, media, content, reason):
    (media / "two.txt").unlink()
    if content:
        (media / "two.txt").write_bytes(content)
    result = checked()
    [refused] = json.loads((result.folder / "set_aside.json").read_text())
    assert refused["file"] == "two.wav"
    assert refused["reason"].startswith(reason)
    assert (result.metrics["recordings"], result.metrics["references"]) == (1, 1)


def test_text_is_counted(corpus):
    result = corpus(tuning="Good morning, here are the notes.\n")
    assert result.reason is None
    assert (result.metrics["training_words"], result.metrics["tuning_words"]) == (11, 6)
    assert (result.metrics["held_out_sentences"], result.metrics["held_out_sentences_in_corpus"]) == (2, 0)
    assert "10000 or more are advised" in result.log


def test_text_in_latin_1_is_refused_with_file_line_and_byte(corpus):
    result = corpus(training=CORPUS.encode() + "Das Café ist offen.\n".encode("latin-1"))
    assert result.reason == (
        "The corpus has 1 problem: training/text.txt, line 3, column 8, has the byte 0xe9, which is not "
        "UTF-8 there: save the file as UTF-8."
    )
    assert json.loads((result.folder / "corpus.json").read_text())["problem_count"] == 1


@pytest.mark.parametrize("use", ["training", "tuning"])
@pytest.mark.parametrize(
    "line", ["we start the  TRAINING job", "Now. We start the training job! Then we wait."]
)
def test_a_held_out_sentence_in_a_corpus_is_refused_however_it_is_written(corpus, use, line):
    texts = {"training": CORPUS, "tuning": CORPUS} | {use: f"{CORPUS}{line}\n"}
    result = corpus(**texts)
    assert f"{use}/text.txt, line 3, has 'We start the training job.' of " in result.reason
    assert result.metrics["held_out_sentences_in_corpus"] == 1
    [leak] = json.loads((result.folder / "corpus.json").read_text())["leaks"]
    assert (leak["file"], leak["line"]) == (f"{use}/text.txt", 3)


def test_a_part_of_a_held_out_sentence_is_no_leak(corpus):
    assert corpus(training="We start the training job of the fraud model.\n").reason is None


@pytest.fixture
def compare(step, tmp_path, checked):
    """Measures what each variant has heard of both recordings."""

    def run(heard, *more):
        for name, words in heard.items():
            (tmp_path / "transcripts" / name).mkdir(parents=True)
            items = [
                {
                    "type": "pronunciation",
                    "start_time": str(number / 2),
                    "end_time": str(number / 2 + 0.4),
                    "alternatives": [{"content": word, "confidence": "0.9"}],
                }
                for number, word in enumerate(words.split())
            ]
            document = json.dumps({"results": {"transcripts": [{"transcript": words}], "items": items}})
            for recording in ("one", "two"):
                (tmp_path / "transcripts" / name / f"{recording}.json").write_text(document)
        arguments = ("--recordings", checked().folder, "--transcripts", tmp_path / "transcripts")
        return step("compare_models.py", *arguments, "--variants", *heard, *more, output="comparison")

    return run


RIGHT = "We start the training job The champion stays in place"
HEARD = {
    "generic": "we start the train in job the champion days in place",
    "trained": "we start the training job the champion days in place",
    "tuned": RIGHT,
}


def test_rates_and_differences_are_those_of_the_references(compare):
    metrics = compare(HEARD).metrics
    assert (metrics["recordings"], metrics["sentences"]) == (2, 4)
    assert [metrics[f"wer_{name}"] for name in HEARD] == [0.3, 0.1, 0.0]
    assert metrics["difference_generic_trained"] == pytest.approx(-0.2)
    assert metrics["difference_trained_tuned"] == pytest.approx(-0.1)
    for name in ("wer_generic", "difference_generic_tuned", "difference_trained_tuned"):
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]
    assert metrics["wer_generic_low"] < metrics["wer_generic_high"]


def test_a_vocabulary_is_paired_with_its_like_and_what_is_live_with_everything(compare):
    heard = {**HEARD, **{f"{name}_vocabulary": words for name, words in HEARD.items()}, "live": RIGHT}
    result = compare(heard, "--baseline", "live")
    pairs = {
        (each["first"], each["second"])
        for each in json.loads((result.folder / "rates.json").read_text())["differences"]
    }
    others = [name for name in heard if name not in ("generic", "live")]
    assert pairs == {
        *(("generic", name) for name in [*others, "live"]),
        *(("live", name) for name in ["generic", *others]),
        ("trained", "tuned"),
        ("trained_vocabulary", "tuned_vocabulary"),
    }
    assert result.metrics["difference_live_generic"] == pytest.approx(0.3)


def test_the_report_shows_rates_and_the_sentences_that_differ(compare):
    folder = compare(HEARD).folder
    report = (folder / "report.html").read_text()
    assert "trained and tuned" in report
    assert "30.0%" in report
    assert "one, sentence 1" in report
    assert "days" in report
    assert (folder / "wer.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png" in report


def test_models_that_hear_alike_have_no_sentence_to_show(compare):
    report = (compare(dict.fromkeys(HEARD, RIGHT)).folder / "report.html").read_text()
    assert "None: the language models hear the same words." in report


def test_one_sentence_is_too_little_for_an_interval(compare, media):
    for name in ("one", "two"):
        (media / f"{name}.txt").write_text(SAID[0])
    (media / "two.wav").unlink()
    assert "An interval needs at least two sentences, not 1" in compare(HEARD).reason
