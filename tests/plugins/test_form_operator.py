"""A form for each clip: what it shows is data, and what comes back is an answer or none."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import TaskAwaitingInput

from millrace.context import run_of
from millrace.hooks.s3 import S3
from millrace.operators.forms import SKIP, SUBMIT, ClipFormOperator, question

ASKED = {
    "start": 1.0,
    "end": 2.5,
    "heard": "an easy to *instance*",
    "before": "start",
    "after": "<img src=x>",
}


@pytest.fixture
def form(aws, context):
    media = run_of(context).uri("talk.flac")
    S3(None).write(media, b"sound")
    return ClipFormOperator(
        task_id="fill_form",
        subject="What is said?",
        item={"id": "talk/1.00-2.50", "input": {**ASKED, "media": media}},
        deadline=lambda run: timedelta(minutes=30),
        aws_conn_id=None,
    )


@pytest.fixture
def shown(monkeypatch):
    """What Airflow is asked to show."""
    forms = []
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **form: forms.append(form))
    return forms


def answered(option, **params):
    return {
        "chosen_options": [option],
        "params_input": params,
        "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
        "responded_by_user": {"id": "1", "name": "Ada"},
    }


def test_a_form_links_to_the_clip_and_begins_with_what_was_heard(form, context, shown):
    with pytest.raises(TaskAwaitingInput) as waiting:
        form.execute({**context, "task_instance": SimpleNamespace(id="1")})
    assert waiting.value.timeout == timedelta(minutes=30)
    [seen] = shown
    assert (seen["options"], seen["defaults"]) == ([SUBMIT, SKIP], [SKIP])
    assert seen["params"]["transcript"]["value"] == ASKED["heard"]
    link = seen["body"].partition("](<")[2].partition(">)")[0]
    assert link.endswith("#t=1.00,2.50")
    assert httpx.get(link, trust_env=False).content == b"sound"


def test_what_was_heard_is_no_markup():
    *_, heard = question(ASKED, "http://clip").splitlines()
    assert heard == "    start [an easy to *instance*] <img src=x>"


@pytest.mark.parametrize(
    ("event", "answers"),
    [
        (answered(SUBMIT, transcript=" an EC2 instance "), ["an EC2 instance"]),
        (answered(SUBMIT, transcript="  "), []),
        (answered(SKIP, transcript="an EC2 instance"), []),
        (answered(SKIP), []),
    ],
)
def test_an_answer_is_a_text_or_nothing(form, context, event, answers):
    assert form.execute_complete(context, event) == {"id": "talk/1.00-2.50", "answers": answers}
