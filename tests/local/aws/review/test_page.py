"""The review page as programs and browsers ask for it."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import httpx
import pytest

from local.aws.review.tasks import Ended, ReviewTask
from local.aws.server import LocalAws
from local.aws.services import review

ROOT = "/_millrace/review/"
TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
TEMPLATE = (
    "<crowd-form><crowd-text-area name='transcript'></crowd-text-area>{{ task.input.heard }}</crowd-form>"
)
HTML = {"Accept": "text/html"}


@pytest.fixture
def answers(aws):
    """Answers by task; two tasks are open."""
    found: dict[str, list[dict]] = {}

    def take(ended: Ended) -> None:
        found[ended.task.id] = [dict(answer.content) for answer in ended.answers]

    review.register("test", take)
    for id_ in ("first", "second"):
        until = datetime.now(UTC) + timedelta(hours=1)
        task = ReviewTask(id_, TEAM, "What is said?", "", TEMPLATE, {"heard": f"<b>{id_}"}, 1, 600, until)
        review.tasks().add(task, "test")
    return found


def token(aws: LocalAws, name: str) -> str:
    return str(httpx.post(f"{aws.endpoint_url}{ROOT}workers", data={"name": name}).json()["token"])


def reviewer(aws: LocalAws, name: str) -> httpx.Client:
    client = httpx.Client(base_url=f"{aws.endpoint_url}{ROOT}")
    assert client.post("sign-in", data={"name": name, "token": token(aws, name)}).status_code == 303
    return client


def wait_for(answers: dict, id_: str) -> list[dict]:
    seen = 0
    while id_ not in answers:
        seen = review.tasks().wait(seen, 0.1)
    return answers[id_]


def test_a_program_reviews_through_the_forms(aws, answers):
    ada = reviewer(aws, "ada")
    claimed = ada.post("claim")
    assert (claimed.status_code, claimed.headers["Location"]) == (303, f"{ROOT}tasks/first")
    facts = ada.get("tasks/first.json").json()
    assert facts == {
        "id": "first",
        "title": "What is said?",
        "description": "",
        "input": {"heard": "<b>first"},
    }
    submitted = ada.post("tasks/first/submit", data={"transcript": "an EC2 instance"})
    assert (submitted.status_code, submitted.headers["Location"]) == (303, f"{ROOT}tasks/second")
    assert (
        ada.post("tasks/second/submit", data={"answerContent": '{"a": {"b": true}}'}).headers["Location"]
        == ROOT
    )
    assert wait_for(answers, "first") == [{"transcript": "an EC2 instance"}]
    assert wait_for(answers, "second") == [{"a": {"b": True}}]
    assert "You answered 2 tasks" in ada.get("").text


def test_a_task_that_is_skipped_comes_after_the_others(aws, answers):
    ada = reviewer(aws, "ada")
    assert ada.post("claim", data={"task": "second"}).headers["Location"].endswith("/second")
    assert ada.post("tasks/second/skip").headers["Location"].endswith("/first")
    assert ada.post("tasks/first/skip").headers["Location"].endswith("/second")


def test_two_reviewers_have_two_tasks_and_no_access_to_each_others(aws, answers):
    ada, bob = reviewer(aws, "ada"), reviewer(aws, "bob")
    assert ada.post("claim").headers["Location"].endswith("/first")
    assert bob.post("claim").headers["Location"].endswith("/second")
    for refused in (
        bob.get("tasks/first"),
        bob.get("tasks/first.json"),
        bob.get("tasks/first/document"),
        bob.post("tasks/first/submit", data={"transcript": "forged"}),
        bob.post("tasks/first/skip"),
    ):
        assert refused.status_code == 403
        assert "first" in refused.text
    assert not answers


def test_a_task_that_is_over_is_not_there_any_more(aws, answers):
    ada = reviewer(aws, "ada")
    ada.post("claim")
    review.tasks().cancel("first")
    late = ada.post("tasks/first/submit", data={"transcript": "late"}, headers=HTML)
    assert late.status_code == 404
    assert "is not open" in late.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "http://localhost:9", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://a.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_origin_is_refused(aws, answers, headers):
    ada = reviewer(aws, "ada")
    ada.post("claim")
    assert ada.post("tasks/first/submit", data={"transcript": "forged"}, headers=headers).status_code == 403
    assert ada.post(
        "claim", headers={"Origin": aws.endpoint_url, "Sec-Fetch-Site": "same-origin"}
    ).is_redirect
    assert not answers


def test_a_browser_does_not_add_workers(aws):
    headers = {"Origin": aws.endpoint_url, "Sec-Fetch-Site": "same-origin"}
    refused = httpx.post(f"{aws.endpoint_url}{ROOT}workers", data={"name": "eve"}, headers=headers)
    assert (refused.status_code, review.workers().all()) == (403, [])


def test_a_session_is_a_cookie_that_only_this_page_gets(aws):
    answer = httpx.post(f"{aws.endpoint_url}{ROOT}sign-in", data={"name": "ada", "token": token(aws, "ada")})
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", ROOT)
    assert len(cookie.value) >= 43


def test_nobody_signs_in_with_a_wrong_or_an_old_token(aws):
    old = token(aws, "ada")
    new = token(aws, "ada")
    for name, secret in (("ada", old), ("ada", "x"), ("", ""), ("bob", new)):
        answer = httpx.post(f"{aws.endpoint_url}{ROOT}sign-in", data={"name": name, "token": secret})
        assert answer.status_code == 401
        assert "Set-Cookie" not in answer.headers
    assert httpx.post(f"{aws.endpoint_url}{ROOT}sign-in", data={"name": "ada", "token": new}).is_redirect


def test_without_a_session_there_is_only_the_way_in(aws, answers):
    anybody = httpx.Client(base_url=f"{aws.endpoint_url}{ROOT}", headers=HTML)
    assert "Sign in to review" in anybody.get("").text
    assert anybody.get("tasks/first").status_code == 401
    assert anybody.post("claim").status_code == 401


def test_a_session_ends_by_signing_out_and_with_its_worker(aws, answers):
    ada, bob = reviewer(aws, "ada"), reviewer(aws, "bob")
    secret = ada.cookies["millrace-review"]
    assert ada.post("sign-out").status_code == 303
    review.workers().remove("bob")
    for client in (ada, bob):
        assert client.post("claim", headers={"Cookie": f"millrace-review={secret}"}).status_code == 401


def test_a_document_has_no_origin_and_loads_nothing_but_what_was_granted(aws, answers):
    template = "<img src='{{ 's3://data/a b;c,d.png' | grant_read_access }}'>{{ task.input.text }}"
    until = datetime.now(UTC) + timedelta(hours=1)
    task = ReviewTask("third", TEAM, "See", "", template, {"text": "<script>x()</script>"}, 1, 600, until)
    review.tasks().add(task, "test")
    ada = reviewer(aws, "ada")
    ada.post("claim", data={"task": "third"})
    document = ada.get("tasks/third/document")
    policy = document.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-forms; default-src 'none';")
    assert f"img-src data: blob: {aws.endpoint_url}/data/a%20b%3Bc%2Cd.png;" in policy
    assert "connect-src" not in policy
    assert "allow-same-origin" not in policy
    assert "&lt;script&gt;x()&lt;/script&gt;" in document.text


def test_a_template_that_cannot_be_rendered_says_why(aws, answers):
    until = datetime.now(UTC) + timedelta(hours=1)
    review.tasks().add(ReviewTask("bad", TEAM, "Bad", "", "{{ 1 | <b> }}", {}, 1, 600, until), "test")
    ada = reviewer(aws, "ada")
    ada.post("claim", data={"task": "bad"})
    document = ada.get("tasks/bad/document")
    assert "The task cannot be shown" in document.text
    assert "<b>" not in document.text
    assert document.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("name", "text"),
    [("crowd.js", "customElements.define"), ("page.css", ":root"), ("page.js", "sessionStorage")],
)
def test_scripts_and_styles_are_served_and_nothing_beside_them(aws, name, text):
    answer = httpx.get(f"{aws.endpoint_url}{ROOT}assets/{name}")
    assert text in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert httpx.get(f"{aws.endpoint_url}{ROOT}assets/../page.py").status_code in (401, 404)
    assert httpx.get(f"{aws.endpoint_url}{ROOT}assets/%2e%2e/page.py").status_code in (401, 404)


def test_what_is_too_long_or_unknown_is_refused(aws, answers):
    ada = reviewer(aws, "ada")
    ada.post("claim")
    assert ada.post("tasks/first/submit", data={"transcript": "x" * (5 << 20)}).status_code == 413
    assert ada.post("tasks/first/submit", data={}).status_code == 422
    assert ada.post("tasks/first/nothing").status_code == 404
    assert ada.get("nothing").status_code == 404
    assert ada.put("claim").status_code == 405


def test_a_sandboxed_page_loads_media_but_asks_nothing_of_services(aws, client):
    queue = client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    headers = {"Origin": "null", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}
    script = f"{aws.endpoint_url}{ROOT}assets/crowd.js"
    assert httpx.get(script, headers=headers).status_code == 200
    assert httpx.get(script, headers=headers | {"Sec-Fetch-Mode": "cors"}).status_code == 403
    assert httpx.post(queue, data={"Action": "DeleteQueue"}, headers=headers).status_code == 403
    httpx.get(f"{queue}?Action=DeleteQueue", headers=headers)
    assert client("sqs").list_queues()["QueueUrls"] == [queue]
