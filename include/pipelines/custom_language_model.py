"""Requests and decisions of custom language models.

A variant is what recordings are transcribed with: a language model, generic where it is None, and a
vocabulary or none. Which one is live in a language is what the newest promotion says; which one was live
before stands there too, so that a promotion can be taken back.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from include.gates import Verdict
from include.naming import TaskIdentity, hyphenated, is_same_task, job_name
from include.pipelines import speech
from include.run import Run
from include.sagemaker import INPUT, ProcessingJob
from include.transcribe import LanguageModel, TranscriptionJob, base_of

LANGUAGES = ("en-US", "en-GB", "en-AU", "de-DE", "es-US", "hi-IN")
"""Those of custom language models, without Japanese: its words have no spaces between them to count them."""
MOST_MODELS = 10
"""https://docs.aws.amazon.com/general/latest/gr/transcribe.html, of an account in a region."""
GENERIC, TRAINED, TUNED, LIVE = "generic", "trained", "tuned", "live"
WITH_VOCABULARY = "_vocabulary"
TRAIN, TUNE = "train", "train_and_tune"
"""The tasks that make a model."""
Variant = dict[str, str | None]


def checking(run: Run) -> ProcessingJob:
    """The held-out recordings that have a reference, and the others with the reason."""
    return speech.checking(run, measured=True, current="current/held_out")


def training_uri(run: Run) -> str:
    """The folder of the text to train on."""
    return speech.as_folder(run.params["training_uri"] or run.input_uri("current/training"))


def tuning_uri(run: Run) -> str | None:
    """The folder of the text to tune with; None where a run names text to train on and none to tune with."""
    if named := run.params["tuning_uri"]:
        return speech.as_folder(named)
    return None if run.params["training_uri"] else run.input_uri("current/tuning/")


def corpus_check(run: Run) -> ProcessingJob:
    """The text by Transcribe's rules, and whether it has a held-out sentence."""
    tuning = tuning_uri(run)
    return speech.script(
        run,
        "check_corpus.py",
        inputs={
            "training": training_uri(run),
            **({"tuning": tuning} if tuning else {}),
            "recordings": run.uri("recordings") + "/",
        },
        arguments=[
            *("--training", f"{INPUT}/training"),
            *(("--tuning", f"{INPUT}/tuning") if tuning else ()),
            *("--references", f"{INPUT}/recordings/references"),
        ],
        output="corpus",
    )


def base(_run: Run, recordings: Sequence[Mapping[str, Any]]) -> Literal["NarrowBand", "WideBand"]:
    """The base model for the recordings.

    Raises:
        ValueError: some need one base model, some the other.
    """
    by_base: dict[Literal["NarrowBand", "WideBand"], list[str]] = {}
    for each in recordings:
        name = f"{PurePosixPath(each['uri']).name} ({each['sample_rate']} Hz)"
        by_base.setdefault(base_of(each["sample_rate"]), []).append(name)
    if len(by_base) > 1:
        raise ValueError(
            f"{', '.join(by_base['NarrowBand'])} need the base model NarrowBand, "
            f"{', '.join(by_base['WideBand'])} WideBand: measure them in runs of their own."
        )
    return next(iter(by_base))


def room(
    run: Run, models: Sequence[Mapping[str, str]], live: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """What is live, or None before the first promotion, once the account has room for this run's models.

    Args:
        run: that will make one or two.
        models: of the account, each with ``name`` and ``created``.
        live: what the newest promotion says.

    Raises:
        ValueError: there would be more than ten, or what is live is not there any more.
    """
    if live and live["model"] and live["model"] not in {each["name"] for each in models}:
        raise ValueError(
            f"The language model {live['model']} is live by {live_uri(run)} but is not there any more: write "
            "what 'before' says into that document, or delete it, and clear this task."
        )
    wanted = 2 if tuning_uri(run) else 1
    too_many = len(models) + wanted - MOST_MODELS
    if too_many > 0:
        raise ValueError(_no_room(run, models, live, wanted, too_many))
    return live


def _no_room(
    run: Run,
    models: Sequence[Mapping[str, str]],
    live: Mapping[str, Any] | None,
    wanted: int,
    too_many: int,
) -> str:
    kept = _kept(live)
    others = sorted((each for each in models if each["name"] not in kept), key=lambda each: each["created"])
    oldest = [each["name"] for each in others[:too_many]]
    return (
        f"The account has {len(models)} custom language models and this run makes {wanted}, but "
        f"{MOST_MODELS} are allowed. The oldest that {run.params['language_code']} does not use: "
        f"{', '.join(oldest)}. Where nobody else uses it, delete it by 'aws transcribe delete-language-model "
        f"--model-name {oldest[0]}', and clear this task."
    )


def trained(run: Run, base: Literal["NarrowBand", "WideBand"]) -> LanguageModel:
    """The model of the text to train on alone."""
    return LanguageModel(training_uri(run), base, language=run.params["language_code"])


def tuned(run: Run, base: Literal["NarrowBand", "WideBand"]) -> LanguageModel | None:
    """The model of both texts, if there is one to tune with."""
    tuning = tuning_uri(run)
    if not tuning:
        return None
    return LanguageModel(training_uri(run), base, tuning=tuning, language=run.params["language_code"])


def variants(
    run: Run,
    trained: Mapping[str, Any],
    tuned: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What to transcribe with, by name, and the ``baseline``: the one that is live, or generic.

    Args:
        run: with or without a vocabulary.
        trained: the result of its training.
        tuned: that of the training with tuning, if there was one.
        live: what the newest promotion says.
    """
    models = {GENERIC: None, TRAINED: trained["model"], **({TUNED: tuned["model"]} if tuned else {})}
    found: dict[str, Variant] = {name: _variant(model, None) for name, model in models.items()}
    if vocabulary := run.params["vocabulary"]:
        found |= {f"{name}{WITH_VOCABULARY}": _variant(model, vocabulary) for name, model in models.items()}
    current = _variant(live["model"], live["vocabulary"]) if live else found[GENERIC]
    # Nothing is transcribed twice: without a live model, generic is what there is to beat.
    baseline = next((name for name, variant in found.items() if variant == current), LIVE)
    return {"variants": {**found, baseline: current}, "baseline": baseline}


def transcriptions(
    _run: Run, recordings: Sequence[Mapping[str, Any]], compared: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The arguments of each transcription: every recording with every variant."""
    return [
        {"recording": f"{name}/{each['name']}", "media": each["uri"], **variant}
        for name, variant in compared["variants"].items()
        for each in recordings
    ]


def transcription(
    run: Run, recording: str, media: str, model: str | None, vocabulary: str | None
) -> TranscriptionJob:
    """What a variant hears of a recording; ``recording`` names both."""
    return TranscriptionJob(
        media=media,
        output=run.uri("transcripts", f"{recording}.json"),
        language=run.params["language_code"],
        language_model=model,
        vocabulary=vocabulary,
    )


def comparison(run: Run, compared: Mapping[str, Any]) -> ProcessingJob:
    """Word error rates of all variants, and how sure their differences are."""
    return speech.script(
        run,
        "compare_models.py",
        inputs={"recordings": run.uri("recordings") + "/", "transcripts": run.uri("transcripts") + "/"},
        arguments=[
            *("--recordings", f"{INPUT}/recordings"),
            *("--transcripts", f"{INPUT}/transcripts"),
            *("--variants", *compared["variants"]),
            *("--baseline", compared["baseline"]),
        ],
        output="comparison",
    )


def best(compared: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """The variant that hears best; of equals the baseline, else the first."""
    names: list[str] = [*compared["variants"]]
    return min(names, key=lambda name: (metrics[f"wer_{name}"], name != compared["baseline"]))


def verdict(_run: Run, compared: Mapping[str, Any], metrics: Mapping[str, float]) -> Verdict:
    """Whether a variant goes live: the best one, if what is live does not hear as well."""
    baseline, name = compared["baseline"], best(compared, metrics)
    least = metrics[f"wer_{baseline}"]
    if name == baseline:
        return Verdict(
            False, f"no variant hears better than {baseline}, whose word error rate is {least:.4f}"
        )
    difference = f"difference_{baseline}_{name}"
    low, high = metrics[f"{difference}_low"], metrics[f"{difference}_high"]
    return Verdict(
        True,
        f"{name} has a word error rate of {metrics[f'wer_{name}']:.4f}, {baseline} one of {least:.4f}: a "
        f"difference of {metrics[difference]:+.4f} (95 % from {low:+.4f} to {high:+.4f})",
    )


def winner(
    _run: Run,
    models: Sequence[Mapping[str, str]],
    compared: Mapping[str, Any],
    metrics: Mapping[str, float],
) -> dict[str, Any]:
    """The variant that goes live, with its name and rate.

    Raises:
        ValueError: its model is gone, as after a run that failed and of which only the end is cleared.
    """
    name = best(compared, metrics)
    variant = compared["variants"][name]
    if variant["model"] and variant["model"] not in {each["name"] for each in models}:
        raise ValueError(
            f"{name} hears best, but its model {variant['model']} was deleted when the run had failed: clear "
            "find_room with everything downstream, which trains it again."
        )
    return {**variant, "variant": name, "word_error_rate": metrics[f"wer_{name}"]}


def live_uri(run: Run) -> str:
    """What says with what to transcribe in the run's language."""
    return run.live_uri(f"language-model-{run.params['language_code']}.json")


def promotion(
    run: Run, winner: Mapping[str, Any], base: str, live: Mapping[str, Any] | None
) -> tuple[str, dict[str, Any]]:
    """Makes the best variant the live one."""
    before = {name: value for name, value in (live or {}).items() if name != "before"}
    return live_uri(run), {**winner, "base": base, "run": run.run_id, "before": before or None}


def obsolete(
    run: Run,
    models: Sequence[Mapping[str, str]],
    before: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
) -> list[str]:
    """Models that nothing needs any more, when the run is over.

    Those of this run, however often a task has launched, and the one that could be gone back to when the run
    began; but never what is live or was live before it.

    Args:
        run: that is over.
        models: of the account.
        before: what was live when the run began.
        live: what is live now.
    """
    tasks = [
        TaskIdentity(run.settings.environment, run.settings.tenant, run.dag_id, run.run_id, task)
        for task in (TRAIN, TUNE)
    ]
    own = [job_name(task, 1) for task in tasks]
    # The document may have been written by hand: only models of this pipeline are ever deleted.
    prefix = f"{hyphenated(run.settings.environment, run.dag_id)}-"
    older = {name for name in _kept(before) if name.startswith(prefix)}
    names = [each["name"] for each in models]
    kept = _kept(live)
    return [
        name
        for name in names
        if name not in kept and (name in older or any(is_same_task(name, each) for each in own))
    ]


def _variant(model: str | None, vocabulary: str | None) -> Variant:
    return {"model": model, "vocabulary": vocabulary}


def _kept(live: Mapping[str, Any] | None) -> set[str]:
    """The models of what is live and of what was live before it."""
    documents = [live, live["before"]] if live else []
    return {each["model"] for each in documents if each and each["model"]}
