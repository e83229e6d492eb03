"""Tasks that belong together in more than one DAG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from airflow.sdk import TaskGroup, XComArg

from include.a2i import HumanReview
from include.run import Run
from millrace.operators.choice import ChoiceOperator, DecisionOperator
from millrace.operators.documents import Document, DocumentOperator
from millrace.operators.forms import ClipFormOperator
from millrace.operators.human_review import HumanReviewOperator
from millrace.operators.transcribe import CallAnalyticsJobOperator, TranscriptionJobOperator


class ClipReviewSpec(Protocol):
    """What a pipeline says of its review."""

    def reviewers(self, run: Run) -> str:
        """``review.ask_team``, a work team through A2I, or ``review.list_clips``, Airflow's own forms."""

    def review(self, run: Run) -> HumanReview:
        """The review by a team."""

    def tasks_uri(self, run: Run) -> str:
        """Where the list of items is."""

    def deadline(self, run: Run) -> timedelta:
        """How long people have to fill in forms."""

    def form_answers(self, run: Run, forms: list[Mapping[str, Any]]) -> tuple[str, Document]:
        """Where the answers of forms go, and what is written there."""


@dataclass(frozen=True)
class ClipReview:
    """The group, and what either of its ways leaves; None of the one that was not taken."""

    group: TaskGroup
    team: XComArg
    forms: XComArg


def clip_review(spec: ClipReviewSpec) -> ClipReview:
    """People write down what is said in clips."""
    with TaskGroup("review") as group:
        choice = ChoiceOperator(
            task_id="choose", decide=spec.reviewers, choices=("review.ask_team", "review.list_clips")
        )
        team = HumanReviewOperator(task_id="ask_team", build=spec.review)
        clips = DecisionOperator(
            task_id="list_clips", decide=_as_they_are, documents={"items": spec.tasks_uri}
        )
        forms = ClipFormOperator.partial(
            task_id="fill_form",
            subject="What is said in the clip?",
            deadline=spec.deadline,
            map_index_template="{{ task.item['id'] }}",
        ).expand(item=clips.output)
        collected = DocumentOperator(
            task_id="collect_answers", document=spec.form_answers, arguments={"forms": forms.output}
        )
        choice >> [team, clips]
    return ClipReview(group, team.output, collected.output)


def transcribe_each(
    task_id: str,
    build: Callable[..., Any],
    recordings: XComArg,
    operator: type[TranscriptionJobOperator | CallAnalyticsJobOperator] = TranscriptionJobOperator,
) -> Any:
    """A transcription of each recording, named after it; ``build`` returns the operator's kind of job."""
    return operator.partial(
        task_id=task_id, build=build, map_index_template="{{ task.arguments['recording'] }}"
    ).expand(arguments=recordings)


def _as_they_are(_run: Run, items: Any) -> Any:
    return items
