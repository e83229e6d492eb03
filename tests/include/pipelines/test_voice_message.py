import re
from dataclasses import asdict, replace

import pytest

from include.pipelines import voice_message as spec
from include.uploads import Upload
from tests.include.transcribe.test_requests import check

PREFIX = "s3://millrace-test/main/voice_message/manual__1/"
CURRENT = "s3://millrace-test/main/input/voice_message/current/"
PARAMS = {
    "media_uri": None,
    "language_code": None,
    "vocabulary": None,
    "filter_words_uri": None,
    "filter_method": None,
}
OPTIONS = dict(spec.DEFAULTS)
WORDS = "s3://b/words.txt"


@pytest.fixture
def run(run):
    return replace(run, dag_id="voice_message", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def uploaded(run, *versions, key="main/uploads/voice_message/Front Door.WAV"):
    uploads = [Upload("b", key, 1, "e", version, "2026-01-01T00:00:00Z", version) for version in versions]
    return replace(run, uploads=tuple(uploads))


def taken(run, *found):
    return [asdict(each) for each in spec.recordings(run, found)]


def said(text):
    return {"results": {"transcripts": [{"transcript": text}]}}


def test_an_upload_is_heard_in_the_version_that_arrived(run):
    [first, second] = spec.recordings(uploaded(run, "v1", "v2"), [])
    assert (first.version, second.version) == ("v1", "v2")
    assert first.source == second.source == "s3://b/main/uploads/voice_message/Front Door.WAV"
    assert re.fullmatch(rf"{PREFIX}recordings/front-door-[0-9a-f]{{10}}\.wav", first.target)
    assert first.target != second.target


def test_a_run_on_uploads_looks_nowhere_else(run):
    assert spec.folder(uploaded(run, "v1")) is None
    assert spec.folder(run) == CURRENT
    assert spec.folder(with_params(uploaded(run, "v1"), media_uri="s3://b/x.wav")) == "s3://b/x.wav"


def test_the_same_upload_has_one_marker_in_all_runs_and_another_version_has_another(run):
    def marker(run_id, version):
        started = replace(uploaded(run, version), run_id=run_id)
        return spec.message(started, taken(started)[0], said("hello")).marker

    assert marker("one", "v1") == marker("two", "v1") != marker("one", "v2")
    assert marker("one", "v1").startswith("s3://millrace-test/main/voice_message/sent/")


def test_who_starts_a_run_on_a_recording_gets_its_message_again(run):
    def marker(run_id):
        started = replace(run, run_id=run_id)
        return spec.message(started, taken(started, f"{CURRENT}a.flac")[0], said("hello")).marker

    assert marker("one") != marker("two")


def test_of_a_folder_the_recordings_are_heard(run):
    found = [f"{CURRENT}{name}" for name in ("a.flac", "a.txt", "b/", "b/c.MP3", "options.json")]
    assert [each["source"] for each in taken(run, *found)] == [f"{CURRENT}a.flac", f"{CURRENT}b/c.MP3"]


def test_a_recording_that_is_named_is_heard_alone_whatever_its_name(run):
    named = with_params(run, media_uri="s3://b/a.wav")
    assert [each["source"] for each in taken(named, "s3://b/a.wav", "s3://b/a.wav2.wav")] == ["s3://b/a.wav"]


def test_a_folder_s_name_may_go_without_its_slash(run):
    named = with_params(run, media_uri="s3://b/a")
    assert [each["source"] for each in taken(named, "s3://b/a/x.wav", "s3://b/ab/y.wav")] == [
        "s3://b/a/x.wav"
    ]


@pytest.mark.parametrize("found", [[], [f"{CURRENT}front_door.txt"]])
def test_nothing_to_hear_is_an_error_that_says_where_it_looked(run, found):
    with pytest.raises(ValueError, match=rf"no recording at {CURRENT}: upload one of \.amr"):
        spec.recordings(run, found)


def test_the_form_comes_before_the_environment_s_options_and_these_before_the_defaults(run):
    named = with_params(run, vocabulary="mine")
    given = {"language_code": "de-DE", "vocabulary": "theirs"}
    assert spec.options(named, given) == {**OPTIONS, "language_code": "de-DE", "vocabulary": "mine"}
    assert spec.options(run, None) == OPTIONS


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"vocabluary": "x"}, "has vocabluary"), ([], "is a JSON list"), ("x", "is a JSON str")],
)
def test_options_that_nobody_knows_are_refused(run, given, reason):
    with pytest.raises(ValueError, match=rf"voice_message/options\.json {reason}.*may have language_code"):
        spec.options(run, given)


def test_a_filter_is_of_one_language_and_there_is_none_without_words(run):
    assert spec.vocabulary_filter(run, OPTIONS) is None
    found = spec.vocabulary_filter(run, {**OPTIONS, "filter_words_uri": WORDS})
    request = check("CreateVocabularyFilter", {**found.request(run), "VocabularyFilterName": found.name})
    assert (request["VocabularyFilterFileUri"], request["LanguageCode"]) == (WORDS, "en-US")
    german = spec.vocabulary_filter(run, {**OPTIONS, "filter_words_uri": WORDS, "language_code": "de-DE"})
    assert german.name != found.name
    assert {name.rpartition("-")[0] for name in (german.name, found.name)} >= {f"{run.resource_name}-en"}


def test_the_transcription_hears_the_copy_with_words_and_filter(run):
    started = uploaded(run, "v1")
    [recording] = taken(started)
    options = {**OPTIONS, "vocabulary": "household", "filter_method": "remove"}
    request = spec.transcription(started, recording, options, {"filter": "rude"}).request(started)
    check("StartTranscriptionJob", {**request, "TranscriptionJobName": "a"})
    assert request["Media"] == {"MediaFileUri": recording["target"]}
    assert f"s3://{request['OutputBucketName']}/{request['OutputKey']}" == spec.transcript_uri(
        started, recording
    )
    assert request["Settings"] == {
        "VocabularyName": "household",
        "VocabularyFilterName": "rude",
        "VocabularyFilterMethod": "remove",
    }


def test_without_words_nothing_is_filtered(run):
    started = uploaded(run, "v1")
    [recording] = taken(started)
    assert "Settings" not in spec.transcription(started, recording, OPTIONS, None).request(started)


@pytest.mark.parametrize("key", ["---.wav", "日本.wav", "a/" + "x" * 300 + ".wav", "no-suffix"])
def test_any_key_gives_a_name_that_transcribe_takes(run, key):
    started = uploaded(run, "v1", key=key)
    [recording] = taken(started)
    assert spec.transcription(started, recording, OPTIONS, None).output.endswith(".json")


def test_the_text_is_what_was_said(run):
    started = uploaded(run, "v1")
    message = spec.message(started, taken(started)[0], said("Hello,\nthis is Robert. "))
    assert message.text == "Voice message: Hello, this is Robert."


@pytest.mark.parametrize("silence", ["", " \n"])
def test_somebody_who_says_nothing_was_there_too(run, silence):
    started = uploaded(run, "v1")
    assert spec.message(started, taken(started)[0], said(silence)).text.endswith("no words were heard.")


def test_a_long_text_says_where_the_whole_is_without_a_link_or_the_bucket(run):
    started = uploaded(run, "v1")
    [recording] = taken(started)
    text = spec.message(started, recording, said("word " * 1000)).text
    tail = f"word... The whole text: voice_message/manual__1/transcripts/{recording['name']}.json"
    assert text.endswith(tail)
    assert len(text) <= 1600
    assert "millrace-test" not in text
    assert "//" not in text
