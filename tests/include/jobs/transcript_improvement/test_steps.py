"""The steps of the transcript improvement, each as a process of the image, on documents of AWS's form."""

import json
import shutil
import wave

import pytest

SAID = "We start an EC2 instance and keep data in S3."
HEARD = "We start an easy to instance and keep data in as three"
UNSURE = {"easy": 0.2, "to": 0.3, "as": 0.1, "three": 0.35}


def transcript(words, confidences):
    items = [
        {
            "type": "pronunciation",
            "start_time": str(number / 2),
            "end_time": str(number / 2 + 0.4),
            "alternatives": [{"content": word, "confidence": str(confidences.get(word, 0.99))}],
        }
        for number, word in enumerate(words.split())
    ]
    return {"results": {"transcripts": [{"transcript": words}], "items": items}}


def sound(path, seconds=1.0, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        period = b"".join(
            int(12_000 * (n % 80 - 40) / 40).to_bytes(2, "little", signed=True) for n in range(80)
        )
        file.writeframes(period * int(seconds * rate / 80))


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    for name in ("in/one.wav", "held/two.wav"):
        sound(folder / name)
        (folder / name).with_suffix(".txt").write_text(SAID + "\n")
    sound(folder / "in" / "three.wav")
    return folder


@pytest.fixture
def checked(step, media):
    return step(
        *("check_recordings.py", "--media", media, "--uri", "s3://b/talks/", "--held-out", "held/*"),
        output="recordings",
    )


@pytest.fixture
def transcripts(tmp_path):
    def write(when, words, confidences=UNSURE):
        folder = tmp_path / when
        folder.mkdir()
        for name in ("in-one", "held-two", "in-three"):
            (folder / f"{name}.json").write_text(json.dumps(transcript(words, confidences)))
        return folder

    return write


@pytest.fixture
def unsure(step, checked, transcripts):
    return step(
        *("find_unsure_words.py", "--transcripts", transcripts("before", HEARD)),
        *("--recordings", checked.folder, "--context", 1),
        output="unsure",
    )


@pytest.fixture
def review(tmp_path, unsure):
    """Answers to the first recording's tasks, as the review leaves them; nobody answered the others."""

    def write(answers):
        folder, listed = tmp_path / "review", []
        for task in json.loads((unsure.folder / "tasks.json").read_text()):
            loop = task["id"].replace("/", "-").replace(".", "")
            listed.append({"id": task["id"], "loop": loop})
            text = answers.get(task["input"]["heard"]) if task["input"]["file"] == "in-one" else None
            if text:
                (folder / loop).mkdir(parents=True)
                answer = {"answerContent": {"transcript": text}, "submissionTime": "2026-01-01T00:00:00Z"}
                document = {"humanLoopName": loop, "humanAnswers": [answer], "inputContent": task["input"]}
                (folder / loop / "output.json").write_text(json.dumps(document))
        folder.mkdir(exist_ok=True)
        (folder / "answers.json").write_text(json.dumps(listed))
        return folder

    return write


def propose(step, unsure, review, *more):
    tasks = unsure.folder / "tasks.json"
    return step(
        *("propose_terms.py", "--tasks", tasks, "--review", review, "--language", "en-US", *more),
        output="proposal",
    )


def test_recordings_are_named_and_their_references_kept(checked):
    assert checked.metrics["recordings"] == 3
    assert (checked.metrics["recordings_held_out"], checked.metrics["references"]) == (1, 2)
    listed = {each["name"]: each for each in json.loads((checked.folder / "recordings.json").read_text())}
    assert listed["held-two"] == {
        "name": "held-two",
        "uri": "s3://b/talks/held/two.wav",
        "in_sample": False,
        "sample_rate": 16_000,
    }
    assert listed["in-one"]["in_sample"]
    assert sorted(path.name for path in (checked.folder / "references").iterdir()) == [
        "held-two.txt",
        "in-one.txt",
    ]


def test_what_transcribe_would_refuse_is_set_aside_with_the_reason(step, media):
    (media / "notes.wav").write_text("no sound at all")
    (media / "empty.flac").write_bytes(b"")
    result = step("check_recordings.py", "--media", media, "--uri", "s3://b/talks/", output="recordings")
    refused = {each["file"]: each for each in json.loads((result.folder / "set_aside.json").read_text())}
    assert set(refused) == {"notes.wav", "empty.flac"}
    assert all(each["reason"] and each["remedy"] for each in refused.values())
    assert result.metrics["recordings_set_aside"] == 2
    assert "notes.wav is set aside" in result.log


def test_a_call_needs_a_channel_for_each_speaker(step, media):
    arguments = ("check_recordings.py", "--calls", "--media", media, "--uri", "s3://b/calls/")
    assert "call analytics needs 2" in step(*arguments, output="recordings").reason


def test_a_folder_without_a_usable_recording_ends_the_run(step, tmp_path):
    (tmp_path / "nothing").mkdir()
    arguments = ("check_recordings.py", "--media", tmp_path / "nothing", "--uri", "s3://b/talks/")
    assert step(*arguments, output="recordings").reason == (
        "There is no recording below s3://b/talks/: put audio or video there."
    )
    (tmp_path / "nothing" / "a.mp3").write_text("words")
    assert step(*arguments, output="recordings").reason.startswith("None of 1 recordings can be transcribed")


def test_all_held_out_leaves_nobody_to_ask(step, media):
    arguments = ("check_recordings.py", "--media", media, "--uri", "s3://b/", "--held-out", "*")
    assert "All 3 recordings are held out" in step(*arguments, output="recordings").reason


def test_people_are_asked_about_unsure_words_of_recordings_that_are_not_held_out(unsure):
    tasks = json.loads((unsure.folder / "tasks.json").read_text())
    assert {task["input"]["file"] for task in tasks} == {"in-one", "in-three"}
    assert [task["input"]["heard"] for task in tasks[:2]] == ["an easy to instance", "in as three"]
    first = next(task for task in tasks if task["input"]["file"] == "in-one")["input"]
    assert (first["media"], first["start"], first["end"]) == ("s3://b/talks/in/one.wav", 1.0, 2.9)
    assert unsure.metrics["review_tasks"] == len(tasks) == unsure.metrics["review_tasks_at_0.4"] == 4
    assert unsure.metrics["low_words"] == 8
    for name in ("confidence.png", "low_confidence.png", "tasks.png"):
        assert (unsure.folder / name).read_bytes().startswith(b"\x89PNG")


def test_terms_are_proposed_from_answers(step, unsure, review):
    answers = {"an easy to instance": "an EC2 instance", "in as three": "in S3"}
    result = propose(step, unsure, review(answers))
    table, new = (result.folder / name for name in ("vocabulary.tsv", "new_terms.tsv"))
    assert table.read_text() == new.read_text()
    shown = [line.split("\t")[::3] for line in table.read_text().splitlines()]
    assert shown == [["Phrase", "DisplayAs"], ["E.C.-Two", "EC2"], ["S.-Three", "S3"]]
    assert (result.metrics["answers"], result.metrics["unanswered"]) == (2, 2)


def test_answers_of_forms_stand_in_the_list_itself(step, unsure, tmp_path):
    (tmp_path / "forms").mkdir()
    tasks = json.loads((unsure.folder / "tasks.json").read_text())
    said = {"an easy to instance": ["an EC2 instance"]}
    listed = [
        {"id": task["id"], "loop": task["id"], "answers": said.get(task["input"]["heard"], [])}
        for task in tasks
    ]
    (tmp_path / "forms" / "answers.json").write_text(json.dumps(listed))
    result = propose(step, unsure, tmp_path / "forms")
    assert (result.metrics["answers"], result.metrics["unanswered"]) == (2, 2)
    assert "EC2" in (result.folder / "vocabulary.tsv").read_text()


def test_live_terms_stay_and_come_first(step, unsure, review, tmp_path):
    live = tmp_path / "live.tsv"
    live.write_text("Phrase\tSoundsLike\tIPA\tDisplayAs\nboto-three\t\t\tboto3\n")
    answers = review({"in as three": "in S3"})
    result = propose(step, unsure, answers, "--live", live)
    assert [line.split("\t")[0] for line in (result.folder / "vocabulary.tsv").read_text().splitlines()] == [
        "Phrase",
        "boto-three",
        "S.-Three",
    ]
    assert (result.metrics["terms"], result.metrics["new_terms"]) == (2, 1)


def test_no_term_at_all_says_what_to_do(step, unsure, review):
    assert "a higher confidence threshold" in propose(step, unsure, review({})).reason


def test_every_broken_row_of_a_table_is_named(step, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    (folder / "edited.tsv").write_text("Phrase\tSoundsLike\tIPA\tDisplayAs\nE C 2\t\t\tEC2\n\t\t\tS3\n")
    result = step("check_vocabulary.py", "--table", folder, "--language", "en-US", output="vocabulary")
    assert "Row 2, column Phrase, has a space in 'E C 2'" in result.reason
    assert "Row 3, column Phrase, is empty" in result.reason
    assert not (result.folder / "vocabulary.tsv").exists()


def test_a_good_table_goes_on_as_it_is(step, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    text = "Phrase\tSoundsLike\tIPA\tDisplayAs\nE.C.-Two\t\t\tEC2\n"
    (folder / "edited.tsv").write_text(text)
    result = step("check_vocabulary.py", "--table", folder, "--language", "en-US", output="vocabulary")
    assert (result.folder / "vocabulary.tsv").read_text() == text
    assert result.metrics == {"vocabulary_rows": 1}


def compare(step, checked, unsure, before, after, tmp_path):
    table = tmp_path / "table"
    shutil.rmtree(table, ignore_errors=True)
    table.mkdir()
    rows = "E.C.-Two\t\t\tEC2\nS.-Three\t\t\tS3\n"
    (table / "vocabulary.tsv").write_text("Phrase\tSoundsLike\tIPA\tDisplayAs\n" + rows)
    return step(
        *("compare_transcripts.py", "--recordings", checked.folder, "--before", before, "--after", after),
        *("--table", table, "--unsure", unsure.folder),
        output="comparison",
    )


def test_rates_before_and_after_are_those_of_the_references(step, checked, unsure, transcripts, tmp_path):
    after = transcripts("after", "We start an EC2 instance and keep data in as three")
    result = compare(step, checked, unsure, tmp_path / "before", after, tmp_path)
    for split in ("in_sample", "out_sample"):
        assert result.metrics[f"wer_before_{split}"] == pytest.approx(4 / 10)
        assert result.metrics[f"wer_after_{split}"] == pytest.approx(2 / 10)
        assert result.metrics[f"terms_before_{split}"] == 0
        assert result.metrics[f"terms_after_{split}"] == pytest.approx(1 / 2)
    report = (result.folder / "report.html").read_text()
    assert "in-one" in report
    assert "in-three" not in report  # It has no reference.


def test_a_reference_that_is_not_text_is_named(step, checked, unsure, transcripts, tmp_path):
    (checked.folder / "references" / "in-one.txt").write_bytes("café".encode("latin-1"))
    after = transcripts("after", HEARD)
    result = compare(step, checked, unsure, tmp_path / "before", after, tmp_path)
    assert "The reference in-one.txt is not UTF-8" in result.reason
