"""Questions to people on Airflow's own page of required actions."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.operators.base import AwsOperator

SUBMIT, SKIP = "Submit", "Skip"


class ClipFormOperator(HITLOperator, AwsOperator):
    """Asks what is said in a few seconds of a recording; map it over the items of a review.

    The result has the item's ``id`` and its ``answers``: the text, or nothing where it was skipped or the
    deadline came first.

    Args:
        item: ``{"id", "input"}``; the input has ``media``, ``start``, ``end``, ``heard``, ``before`` and
            ``after``.
        deadline: how long people have, of the run.
    """

    template_fields: Collection[str] = (*HITLOperator.template_fields, "item")
    template_fields_renderers: ClassVar[dict[str, str]] = {"item": "json"}

    def __init__(
        self, *, item: Mapping[str, Any], deadline: Callable[[Run], timedelta], **kwargs: Any
    ) -> None:
        shown = Param("", type="string", description="Every word of the clip, acronyms as they are written.")
        form = {"options": [SUBMIT, SKIP], "defaults": SKIP, "params": {"transcript": shown}}
        # The params in the place of the DAG's, which Airflow adds to what an operator is given. A timeout is
        # given so that Airflow does not take that of the task for it; the run says which it really is.
        super().__init__(**{**kwargs, **form, "response_timeout": timedelta(days=1)})
        self.item, self.deadline = item, deadline

    @override
    def execute(self, context: Context) -> None:
        asked = self.item["input"]
        self.response_timeout = self.deadline(run_of(context))
        link = self.s3.link(asked["media"], int(self.response_timeout.total_seconds()))
        self.params["transcript"] = asked["heard"]
        self.body = question(asked, link)
        super().execute(context)

    @override
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        answer: Mapping[str, Any] = super().execute_complete(context, event)
        text = str(answer["params_input"].get("transcript") or "").strip()
        given = [text] if answer["chosen_options"] == [SUBMIT] and text else []
        return {"id": self.item["id"], "answers": given}

    @cached_property
    def s3(self) -> S3:
        """Links to clips."""
        return S3(self.aws_conn_id, self.region_name)


def question(asked: Mapping[str, Any], link: str) -> str:
    """The form's text in Markdown. What was heard stands in a block of code, where it cannot be markup."""
    heard = " ".join(f"{asked['before']} [{asked['heard']}] {asked['after']}".split())
    clip = f"{asked['start']:.2f} to {asked['end']:.2f} seconds"
    return (
        f"[Listen from {clip}](<{link}#t={asked['start']:.2f},{asked['end']:.2f}>)\n\n"
        f"The recogniser heard, the clip in brackets:\n\n    {heard}\n"
    )
