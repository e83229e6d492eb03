"""Requests and decisions of the pipeline that trains the ranking of shows.

Data: the lake's sessions and shows, and the offline stores of the groups that amp_batch_features fills.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date
from typing import Any

from include.autoscaling import Autoscaling
from include.bundles import FUNCTIONS, Bundle
from include.endpoints import Endpoint, Question
from include.gates import Verdict, beats_champion
from include.naming import feature_group_name
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Channel, Instances, ProcessingJob, TrainingJob
from include.sagemaker.comparison import comparison
from include.spark import check_network

IMAGE = "sklearn"
PARQUET = "application/x-parquet"
GROUPS = ("user", "creator", "show", "user_topic", "user_creator")
"""Feature groups, by the short names that the job knows them by."""
READERS = ("connection.py", "keys.py", "listing.py", "reading.py")
"""What a model takes along of the function `pit_features`."""
RANKED_BY = ("forest", "topics")
HYPERPARAMETERS = ("trees", "max_depth", "min_samples_leaf", "rows_per_tree", "seed")


def code() -> Bundle:
    """The scripts, with what reads the counters that the function `pit_features` writes."""
    return Bundle.of_job("amp_train", "datasets").including(FUNCTIONS / "pit_features", *READERS)


def day(run: Run) -> date:
    """The day after the last one that is held out: the run's own unless its form names one.

    Raises:
        ValueError: it has not begun, so that the last one is not over.
    """
    named, today = run.params.get("day"), run.run_after.astimezone(UTC).date()
    chosen = date.fromisoformat(named) if named else today
    if chosen > today:
        raise ValueError(
            f"the day {chosen} has not begun when the run starts on {today}: the day before it, the last one "
            "held out, is not over; give a day up to today"
        )
    return chosen


def feature_group(run: Run, group: str) -> str:
    """The name that SageMaker has for a group."""
    return feature_group_name(run.settings.environment, run.settings.tenant, "amp", group)


def training_set(run: Run) -> ProcessingJob:
    """Candidates with what was known of them, for the training days and the days held out.

    Raises:
        ValueError: the job could not reach S3, this environment has no lake, the day has not begun, or the
            endpoint's bounds contradict each other, which is told before hours of work.
    """
    check_network(run)
    autoscaling(run)
    groups = [each for group in GROUPS for each in ("--group", f"{group}={feature_group(run, group)}")]
    options = ("train_days", "test_days", "candidates", "queries", "feature_days", "seed")
    return ProcessingJob(
        image="spark",
        command=["python3", f"{INPUT}/code/build_training_set.py"],
        arguments=[
            *("--sessions", run.curated_uri("amp", "session")),
            *("--shows", run.curated_uri("amp", "show")),
            *groups,
            *("--day", day(run).isoformat()),
            *(text for name in options for text in (f"--{name.replace('_', '-')}", str(run.params[name]))),
            *("--output", OUTPUT),
        ],
        instances=Instances(run.params["processing_instance_type"]),
        outputs={name: run.uri("training-set", name) for name in ("train", "test", "request", "metrics")},
        files={"code": code()},
        metrics="metrics",
    )


def training(run: Run) -> TrainingJob:
    """A random forest on the training days."""
    return TrainingJob(
        image=IMAGE,
        instances=Instances(run.params["training_instance_type"]),
        channels={"train": Channel(run.uri("training-set", "train") + "/", PARQUET)},
        output=run.uri("model"),
        hyperparameters={name: run.params[name] for name in HYPERPARAMETERS},
        metric_definitions={
            f"train:{name}": rf"train-{name}:([0-9.eE+-]+)" for name in ("rows", "positives", "nodes")
        },
        code=code(),
    )


def evaluation(run: Run, model: str, champion: str | None) -> ProcessingJob:
    """The forest, the heuristic and the champion, measured on the days held out."""
    test = run.uri("training-set", "test")
    return comparison(run, image=IMAGE, code=code(), model=model, champion=champion, test=test)


def verdict(run: Run, metrics: Mapping[str, float], champion: str | None) -> Verdict:
    """The forest serves if it keeps the bound, surely beats the heuristic, and out-ranks the champion."""
    auc, lowest = metrics["auc"], run.params["min_auc"]
    if not auc >= lowest:
        return Verdict(False, f"AUC {auc:.4f} is under the bound {lowest:g}")
    gain, low, high = (metrics[f"ndcg_gain{end}"] for end in ("", "_low", "_high"))
    interval = (
        f"NDCG@10 differs by {gain:+.4f} from ranking by declared topics, 95% {low:+.4f} to {high:+.4f}"
    )
    if not low > 0:
        return Verdict(False, f"{interval}: that may be chance, the lower end has to be over 0")
    against = beats_champion(
        "NDCG@10",
        metrics["ndcg"],
        metrics.get("champion_ndcg"),
        worst=metrics["heuristic_ndcg"],
        lower_is_better=False,
        no_champion=f"{champion} cannot rank these rows" if champion else "no model serves yet",
    )
    return Verdict(against.passed, f"{against.reason}; {interval}")


def endpoint(run: Run, artifact: str) -> Endpoint:
    """The forest behind an endpoint that scales itself; the code that ranks is inside the model."""
    scaling = autoscaling(run)
    return Endpoint(
        image=IMAGE,
        artifact=artifact,
        instances=Instances(run.params["endpoint_instance_type"], scaling.min_instances),
        environment=stores(run),
        autoscaling=scaling,
    )


def stores(run: Run) -> dict[str, str]:
    """Where the endpoint finds features, as `serving_stores.py` and `recommender.py` take it; no secret."""
    named = {
        "MILLRACE_FEATURE_GROUPS": json.dumps({group: feature_group(run, group) for group in GROUPS}),
        "MILLRACE_FEATURE_DAYS": str(run.params["feature_days"]),
        "MILLRACE_STORE_MILLISECONDS": str(run.params["store_milliseconds"]),
    }
    secret = run.settings.redis_secret_arn
    return named | ({"MILLRACE_REDIS_SECRET_ARN": secret} if secret else {})


def autoscaling(run: Run) -> Autoscaling:
    """Between the form's bounds, at the form's utilisation of an instance."""
    return Autoscaling(
        run.params["min_instances"],
        run.params["max_instances"],
        capacity=run.params["invocations_per_minute"],
        utilisation=run.params["target_utilisation"],
    )


def request_rows(run: Run) -> str:
    """Candidates of a query of the first day held out, label first, to ask the endpoint about."""
    return run.uri("training-set", "request") + "/"


def question(_run: Run) -> Question:
    """A ranked list for somebody of whom nothing is known, who gets one whatever the stores hold."""
    return Question({"user_id": "smoke-test", "limit": 10}, judge_list)


def judge_list(answer: Any) -> Verdict:
    """A ranked list says by what it is ranked, and has a score for each show."""
    if not isinstance(answer, dict) or answer.get("ranked_by") not in RANKED_BY:
        return Verdict(False, f"a ranked list says by which of {', '.join(RANKED_BY)}: {answer!r:.200}")
    shows = answer.get("shows")
    if not isinstance(shows, list) or not all(_has_score(each) for each in shows):
        return Verdict(False, f"each show of a ranked list has a score of at least 0: {shows!r:.200}")
    return Verdict(True, f"lists {len(shows)} shows by {answer['ranked_by']}")


def _has_score(show: Any) -> bool:
    score = show.get("score") if isinstance(show, dict) else None
    return isinstance(score, float) and score >= 0
