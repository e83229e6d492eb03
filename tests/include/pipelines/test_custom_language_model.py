from dataclasses import replace

import pytest

from include.naming import TaskIdentity, job_name
from include.pipelines import custom_language_model as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/custom_language_model/manual__1/"
CURRENT = "s3://millrace-test/main/input/custom_language_model/current/"
PARAMS = {
    "training_uri": None,
    "tuning_uri": None,
    "media_uri": None,
    "vocabulary": None,
    "language_code": "en-US",
    "instance_type": "ml.m5.large",
}
RECORDINGS = [{"name": "a", "uri": "s3://b/a.flac", "in_sample": True, "sample_rate": 16_000}]
MADE = {"trained": {"model": "m-1"}, "tuned": {"model": "m-2"}}
LIVE = {"model": "old", "vocabulary": None, "run": "manual__0", "before": None}


@pytest.fixture
def run(run):
    return replace(run, dag_id="custom_language_model", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def models(*names):
    return [
        {"name": name, "created": f"2026-01-{day:02}T00:00:00+00:00"} for day, name in enumerate(names, 1)
    ]


def own(run, task, launch=1):
    identity = TaskIdentity(run.settings.environment, run.settings.tenant, run.dag_id, run.run_id, task)
    return job_name(identity, launch)


def promoted(run, name, before=None):
    prefix = f"{run.settings.environment}-custom-language-model"
    return {"model": f"{prefix}-{name}", "vocabulary": None, "run": "r", "before": before}


def test_every_processing_job_is_one_that_aws_takes(run):
    compared = spec.variants(run, **MADE, live=None)
    jobs = [spec.checking(run), spec.corpus_check(run), spec.comparison(run, compared)]
    for job in jobs:
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    written = [uri for job in jobs for uri in job.outputs.values()]
    assert len(written) == len(set(written))
    assert all(uri.startswith(PREFIX) for uri in written)


def test_without_names_everything_is_what_is_current(run):
    assert spec.checking(run).inputs["media"] == f"{CURRENT}held_out/"
    assert spec.corpus_check(run).inputs["training"] == f"{CURRENT}training/"
    assert spec.corpus_check(run).inputs["tuning"] == f"{CURRENT}tuning/"


def test_text_that_a_run_names_is_not_tuned_with_what_is_current(run):
    named = with_params(run, training_uri="s3://b/runbooks")
    assert spec.corpus_check(named).inputs["training"] == "s3://b/runbooks/"
    assert "tuning" not in spec.corpus_check(named).inputs
    assert "--tuning" not in spec.corpus_check(named).arguments
    assert spec.tuned(named, "WideBand") is None
    both = with_params(run, training_uri="s3://b/runbooks", tuning_uri="s3://b/notes")
    assert spec.tuned(both, "WideBand").tuning == "s3://b/notes/"


def test_only_the_tuned_model_is_tuned(run):
    trained, tuned = (build(run, "NarrowBand").request(run) for build in (spec.trained, spec.tuned))
    assert trained["BaseModelName"] == tuned["BaseModelName"] == "NarrowBand"
    assert trained["InputDataConfig"]["S3Uri"] == tuned["InputDataConfig"]["S3Uri"] == f"{CURRENT}training/"
    assert "TuningDataS3Uri" not in trained["InputDataConfig"]
    assert tuned["InputDataConfig"]["TuningDataS3Uri"] == f"{CURRENT}tuning/"


@pytest.mark.parametrize(
    ("rates", "base"),
    [((8_000, 15_999), "NarrowBand"), ((16_000, 48_000), "WideBand")],
)
def test_the_base_model_is_that_of_all_recordings(run, rates, base):
    assert spec.base(run, [{**RECORDINGS[0], "sample_rate": rate} for rate in rates]) == base


def test_recordings_on_both_sides_of_16_khz_are_named(run):
    mixed = [
        {"uri": "s3://b/call.wav", "sample_rate": 8_000},
        {"uri": "s3://b/talk.wav", "sample_rate": 44_100},
    ]
    with pytest.raises(
        ValueError, match=r"call.wav \(8000 Hz\) need.*NarrowBand, talk.wav \(44100 Hz\) WideB"
    ):
        spec.base(run, mixed)


def test_each_recording_is_transcribed_with_every_variant_into_a_place_of_its_own(run):
    run = with_params(run, vocabulary="words")
    compared = spec.variants(run, **MADE, live=LIVE)
    found = spec.transcriptions(run, RECORDINGS, compared)
    requests = {each["recording"]: spec.transcription(run, **each).request(run) for each in found}
    assert {
        name: (request.get("ModelSettings", {}).get("LanguageModelName"), request.get("Settings", {}))
        for name, request in requests.items()
    } == {
        "generic/a": (None, {}),
        "trained/a": ("m-1", {}),
        "tuned/a": ("m-2", {}),
        "generic_vocabulary/a": (None, {"VocabularyName": "words"}),
        "trained_vocabulary/a": ("m-1", {"VocabularyName": "words"}),
        "tuned_vocabulary/a": ("m-2", {"VocabularyName": "words"}),
        "live/a": ("old", {}),
    }
    keys = {request["OutputKey"] for request in requests.values()}
    assert keys == {f"main/custom_language_model/manual__1/transcripts/{name}.json" for name in requests}


def test_without_tuning_and_vocabulary_two_variants_are_left(run):
    compared = spec.variants(run, MADE["trained"], None, None)
    assert (list(compared["variants"]), compared["baseline"]) == (["generic", "trained"], "generic")


def test_what_is_live_is_not_transcribed_twice(run):
    live = {"model": None, "vocabulary": "words"}
    compared = spec.variants(with_params(run, vocabulary="words"), **MADE, live=live)
    assert compared["baseline"] == "generic_vocabulary"
    assert "live" not in compared["variants"]


def rates(**wer):
    pairs = {
        f"difference_{one}_{other}": wer[other] - wer[one] for one in wer for other in wer if one != other
    }
    changes = {f"{name}{end}": value for name, value in pairs.items() for end in ("", "_low", "_high")}
    return {**{f"wer_{name}": value for name, value in wer.items()}, **changes}


@pytest.mark.parametrize(
    ("live", "wer", "winner"),
    [
        (None, {"generic": 0.5, "trained": 0.2, "tuned": 0.1}, "tuned"),
        (None, {"generic": 0.1, "trained": 0.2, "tuned": 0.1}, None),
        (LIVE, {"generic": 0.5, "trained": 0.2, "tuned": 0.1, "live": 0.1}, None),
        (LIVE, {"generic": 0.5, "trained": 0.2, "tuned": 0.1, "live": 0.11}, "tuned"),
        (LIVE, {"generic": 0.1, "trained": 0.2, "tuned": 0.3, "live": 0.4}, "generic"),
    ],
)
def test_the_best_goes_live_if_it_hears_better_than_what_is(run, live, wer, winner):
    compared, metrics = spec.variants(run, **MADE, live=live), rates(**wer)
    verdict = spec.verdict(run, compared, metrics)
    assert verdict.passed is (winner is not None), verdict.reason
    if winner:
        found = spec.winner(run, models("m-1", "m-2"), compared, metrics)
        uri, document = spec.promotion(run, found, "WideBand", live)
        assert uri == "s3://millrace-test/main/custom_language_model/live/language-model-en-US.json"
        assert document["model"] == compared["variants"][winner]["model"]
        assert (document["variant"], document["word_error_rate"]) == (winner, wer[winner])
        was = {name: value for name, value in LIVE.items() if name != "before"}
        assert document["before"] == (was if live else None)


def test_a_model_that_was_deleted_when_the_run_failed_does_not_go_live(run):
    compared = spec.variants(run, **MADE, live=None)
    metrics = rates(generic=0.5, trained=0.2, tuned=0.1)
    with pytest.raises(
        ValueError, match=r"tuned hears best, but its model m-2 was deleted .* clear find_room"
    ):
        spec.winner(run, models("m-1"), compared, metrics)


def test_the_reason_has_the_interval_of_the_difference(run):
    compared = spec.variants(run, **MADE, live=None)
    metrics = rates(generic=0.5, trained=0.2, tuned=0.1)
    metrics |= {"difference_generic_tuned_low": -0.45, "difference_generic_tuned_high": -0.35}
    reason = spec.verdict(run, compared, metrics).reason
    assert "-0.4000 (95 % from -0.4500 to -0.3500)" in reason


def test_nine_models_leave_room_for_one_and_not_for_two(run):
    nine = models(*"abcdefghi")
    assert spec.room(with_params(run, training_uri="s3://b/text"), nine, live=None) is None
    with pytest.raises(ValueError, match="9 custom language models and this run makes 2, but 10 are allowed"):
        spec.room(run, nine, live=None)
    assert spec.room(run, nine[:8], live=None) is None


def test_the_oldest_that_is_not_live_is_named_with_the_command_that_deletes_it(run):
    live = {**LIVE, "model": "a", "before": {"model": "b", "vocabulary": None}}
    listed = models(*"abcdefghij")
    with pytest.raises(ValueError, match=r"does not use: c, d\. .*delete-language-model --model-name c'"):
        spec.room(run, listed[::-1], live)


def test_what_is_live_is_handed_on_and_has_to_be_there(run):
    assert spec.room(run, models("old"), LIVE) == LIVE
    assert spec.room(run, [], {**LIVE, "model": None}) == {**LIVE, "model": None}
    with pytest.raises(ValueError, match=r"old is live by s3://.*-en-US\.json but is not there"):
        spec.room(run, models("other"), LIVE)


def test_models_of_this_run_that_are_not_live_go_however_often_they_were_launched(run):
    mine = [own(run, "train"), own(run, "train", 2), own(run, "train_and_tune")]
    listed = models(*mine, "old", "somebody-elses", own(replace(run, run_id="manual__2"), "train"))
    live = {"model": mine[1], "vocabulary": None, "before": LIVE}
    assert spec.obsolete(run, listed, before=LIVE, live=live) == [mine[0], mine[2]]
    assert spec.obsolete(run, listed, before=LIVE, live=LIVE) == mine
    assert spec.obsolete(run, listed, before=None, live=None) == mine


def test_of_earlier_promotions_the_last_stays_so_that_it_can_be_taken_back(run):
    oldest = promoted(run, "a")
    was = promoted(run, "b", {**oldest, "before": None})
    now = {**promoted(run, "c"), "before": {name: value for name, value in was.items() if name != "before"}}
    listed = models(*(each["model"] for each in (oldest, was, now)))
    assert spec.obsolete(run, listed, before=was, live=now) == [oldest["model"]]
    assert spec.obsolete(run, listed, before=was, live=was) == []


def test_a_model_of_another_pipeline_is_never_deleted(run):
    was = promoted(run, "b", before={"model": "millrace-somebodys", "vocabulary": None})
    now = {**promoted(run, "c"), "before": promoted(run, "b")}
    listed = models("millrace-somebodys", was["model"], now["model"])
    assert spec.obsolete(run, listed, before=was, live=now) == []
