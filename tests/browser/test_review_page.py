"""The review page and its crowd elements as a reviewer uses them: headless Chromium, pictures kept.

Pictures go to a temporary folder, or to the one that MILLRACE_PICTURES names.
"""

import io
import json
import math
import struct
import time
import wave
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from local.aws.review.tasks import Ended, ReviewTask
from local.aws.server import LocalAws
from local.aws.services import review
from tests.chromium import launched, pictures
from tests.local.aws.a2i.account import ReviewAccount
from tests.local.conftest import connect

REPO = Path(__file__).parents[2]
TRANSCRIPT_REVIEW = (REPO / "include" / "templates" / "transcript_review.html").read_text()
TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
CLIP = {
    "media": "s3://data/clips/a lecture, part 1;2.wav",
    "start": 1.0,
    "end": 1.5,
    "heard": 'annecy two <script>parent.hacked = document.title = "hacked"</script>',
    "before": "we launch",
    "after": "in a subnet",
    "file": "lecture.flac",
}


def tone(seconds: int = 3, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as clip:
        clip.setparams((1, 2, rate, 0, "NONE", ""))
        clip.writeframes(
            b"".join(struct.pack("<h", round(9000 * math.sin(i / 3))) for i in range(seconds * rate))
        )
    return file.getvalue()


def image(width: int, height: int) -> bytes:
    rows = b"".join(b"\0" + bytes((200, 210, 230)) * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Desk:
    """The server's review tasks, and a browser at them."""

    def __init__(self, aws: LocalAws, browser, pictures: Path) -> None:
        self.url = f"{aws.endpoint_url}/_millrace/review/"
        self.offered: list[str] = []
        self.answers: dict[str, dict] = {}
        review.register("test", self.take)
        self._browser = browser
        self._pictures = pictures

    def offer(self, id_: str, template: str, task_input: dict | None = None, title: str = "Review") -> None:
        self.offered.append(id_)
        until = datetime.now(UTC) + timedelta(hours=1)
        review.tasks().add(
            ReviewTask(
                id_, TEAM, title, "As the instructions say.", template, task_input or {}, 1, 600, until
            ),
            "test",
        )

    def answer(self, id_: str) -> dict:
        deadline = time.monotonic() + 20
        while id_ not in self.answers and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.answers[id_]

    def take(self, ended: Ended) -> None:
        self.answers[ended.task.id] = dict(ended.answers[0].content)

    def signed_in(self, name: str = "ada", **options):
        """A page on the list of tasks, reached by a link as `millrace review` prints it."""
        token = httpx.post(f"{self.url}workers", data={"name": name}).json()["token"]
        page = self._browser.new_context(viewport={"width": 1280, "height": 800}, **options).new_page()
        page.goto(f"{self.url}sign-in#name={name}&token={token}")
        page.locator(".progress").wait_for()
        return page

    def at_task(self, **options):
        page = self.signed_in(**options)
        page.get_by_role("button", name="Start").click()
        page.frame_locator("#task").locator("body").wait_for()
        page.wait_for_load_state("networkidle")
        return page

    def keep(self, page, name: str) -> None:
        file = self._pictures / f"{name}.png"
        page.screenshot(path=file)
        assert file.stat().st_size > 10_000


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(tmp_path_factory.mktemp("aws"), tmp_path_factory.mktemp("images")) as server:
        s3 = connect(server.endpoint_url, "s3")
        s3.create_bucket(Bucket="data")
        s3.put_object(
            Bucket="data", Key=CLIP["media"].partition("data/")[2], Body=tone(), ContentType="audio/wav"
        )
        s3.put_object(Bucket="data", Key="image.png", Body=image(400, 200), ContentType="image/png")
        yield server


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture
def desk(aws, browser, tmp_path):
    desk = Desk(aws, browser, pictures(tmp_path))
    yield desk
    for context in browser.contexts:
        context.close()
    for id_ in desk.offered:
        review.tasks().settle(id_)


CLASSIFIER = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-classifier name="topic" header="Which topic is it?"
    categories="['Storage', 'Compute', 'It\\'s neither',]">
    <classification-target>{{ task.input.text }}</classification-target>
    <full-instructions header="Topics"><p>Storage keeps, compute works.</p></full-instructions>
    <short-instructions><p>Choose one.</p></short-instructions>
  </crowd-classifier>
</crowd-form>"""

BOXES = """
<crowd-form>
  <crowd-bounding-box name="boxes" src="{{ task.input.image | grant_read_access }}" header="Box the animals"
    labels="{{ task.input.labels | to_json | escape }}">
    <short-instructions>Tight boxes.</short-instructions>
    <full-instructions header="Boxes">No shadows.</full-instructions>
  </crowd-bounding-box>
</crowd-form>"""

ENTITIES = """
<crowd-entity-annotation name="entities" header="Highlight" text="{{ task.input.text }}"
  labels="[{'label': 'person', 'shortDisplayName': 'per', 'fullDisplayName': 'Person'}, {label: 'place'}]">
  <full-instructions header="Entities">Whole names.</full-instructions>
  <short-instructions>Label the words.</short-instructions>
  <div id="more"><crowd-radio-group>
    <crowd-radio-button name="tech" value="tech">Technology</crowd-radio-button>
    <crowd-radio-button name="politics" value="politics">Politics</crowd-radio-button>
  </crowd-radio-group></div>
</crowd-entity-annotation>
<script>
  document.addEventListener("all-crowd-elements-ready", () => {
    document.querySelector("crowd-entity-annotation").shadowRoot.querySelector("crowd-form").form.append(more);
  });
</script>"""


def test_three_tasks_one_of_them_by_keyboard_alone(desk, aws):
    account = ReviewAccount(aws.endpoint_url).furnish()
    page_of_clip = {"HumanTaskUiName": "clips", "UiTemplate": {"Content": TRANSCRIPT_REVIEW}}
    task_ui = account.sagemaker.create_human_task_ui(**page_of_clip)["HumanTaskUiArn"]
    account.start("clip", account.flow("clips", HumanTaskUiArn=task_ui), json.dumps(CLIP))
    desk.offer("topic", CLASSIFIER, {"text": "A bucket holds <b>objects</b>."}, "Which topic?")
    desk.offer(
        "boxes", BOXES, {"image": "s3://data/image.png", "labels": ["Cat", 'It\'s a "dog"']}, "Animals"
    )
    page = desk.signed_in()
    desk.keep(page, "review-list")

    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")
    page.frame_locator("#task").get_by_label("What is said in the clip").and_(
        page.frame_locator("#task").locator(":focus")
    ).wait_for()
    page.keyboard.press("Alt+p")
    page.frame_locator("#task").get_by_text("Replay").wait_for()
    page.keyboard.type("an EC2 instance")
    desk.keep(page, "review-transcript")
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/tasks/topic")
    task = page.frame_locator("#task")
    task.get_by_text("A bucket holds <b>objects</b>.").wait_for()
    task.get_by_role("button", name="View full instructions").click()
    task.get_by_text("Storage keeps, compute works.").wait_for()
    task.get_by_role("button", name="Close").click()
    task.get_by_label("Storage").check()
    desk.keep(page, "review-classifier")
    task.get_by_role("button", name="Submit").click()

    page.wait_for_url("**/tasks/boxes")
    task = page.frame_locator("#task")
    where = task.get_by_alt_text("Box the animals").bounding_box()
    page.mouse.move(where["x"] + 20, where["y"] + 30)
    page.mouse.down()
    page.mouse.move(where["x"] + 120, where["y"] + 90)
    page.mouse.up()
    page.keyboard.press("2")
    page.keyboard.press("n")
    desk.keep(page, "review-boxes")
    task.get_by_role("button", name="Submit").click()
    page.get_by_text("All done").wait_for()

    output = account.get(account.ended("clip")["HumanLoopOutput"]["OutputS3Uri"])["Body"]
    assert json.load(output)["humanAnswers"][0]["answerContent"] == {"transcript": "an EC2 instance"}
    assert desk.answer("topic") == {"topic": {"label": "Storage"}}
    assert desk.answer("boxes")["boxes"] == {
        "boundingBoxes": [
            {"height": 60, "label": "Cat", "left": 20, "top": 30, "width": 100},
            {"height": 50, "label": 'It\'s a "dog"', "left": 150, "top": 75, "width": 100},
        ],
        "inputImageProperties": {"height": 200, "width": 400},
    }


def test_a_script_in_a_transcript_is_text(desk):
    desk.offer("clip", TRANSCRIPT_REVIEW, CLIP)
    page = desk.at_task()
    page.frame_locator("#task").get_by_text(CLIP["heard"]).wait_for()
    assert page.evaluate("window.hacked") is None
    assert "hacked" not in page.frames[1].evaluate("document.title")
    assert page.frames[1].locator("mark script").count() == 0


def test_a_clip_plays_its_segment_and_nothing_else(desk):
    desk.offer("clip", TRANSCRIPT_REVIEW, CLIP)
    page = desk.at_task()
    media = page.frames[1]
    media.wait_for_function("clip.readyState > 0 && !clip.seeking")
    assert media.evaluate("[clip.controls, clip.currentTime]") == [False, 1.0]
    media.evaluate("window.at = []; clip.addEventListener('timeupdate', () => at.push(clip.currentTime))")
    for name in ("Play", "Replay"):
        media.get_by_role("button", name=name).click()
        media.get_by_role("button", name="Replay").wait_for()
        first, last = media.evaluate("[Math.min(...at), clip.currentTime]")
        assert first >= 1.0
        assert media.evaluate("clip.paused")
        assert 1.5 <= last < 2.5


SPY = """
<crowd-form>
  <input type="hidden" name="seen" id="seen"><input type="hidden" name="origin" id="whose">
</crowd-form>
<script>
  const seen = {};
  const attempt = (name, act) => {
    try { seen[name] = String(act()) } catch (error) { seen[name] = error.name }
  };
  attempt("cookie", () => document.cookie);
  attempt("page", () => parent.document.title);
  attempt("storage", () => sessionStorage.length);
  whose.value = origin;
  document.addEventListener("all-crowd-elements-ready", async () => {
    const paths = ["/_millrace/review/", "/_millrace/jobs/"];
    for (const path of paths) {
      seen[path] = await fetch(path).then((answer) => answer.text(), (error) => error.name);
    }
    seen.value = JSON.stringify(seen);
    document.getElementById("seen").value = JSON.stringify(seen);
    document.querySelector("crowd-form").submit();
  });
</script>"""


def test_a_template_has_no_access_to_the_session_or_to_other_pages(desk):
    desk.offer("spy", SPY)
    page = desk.signed_in()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("All done").wait_for()
    answer = desk.answer("spy")
    assert answer["origin"] == "null"
    for refused in ('"cookie":"SecurityError"', '"page":"SecurityError"', '"storage":"SecurityError"'):
        assert refused in answer["seen"]
    assert '"/_millrace/review/":"TypeError","/_millrace/jobs/":"TypeError"' in answer["seen"]


def test_a_template_that_leads_away_leads_nowhere(desk, aws):
    desk.offer(
        "away", f"<crowd-form></crowd-form><script>location = '{aws.endpoint_url}/_millrace/jobs/?x'</script>"
    )
    page = desk.signed_in()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Start").click()
    page.wait_for_load_state("networkidle")
    assert any(url.endswith("/tasks/away/document") for url in asked)
    assert not any("/jobs/" in url for url in asked)


def test_the_task_of_another_reviewer_is_refused(desk):
    desk.offer("clip", TRANSCRIPT_REVIEW, CLIP)
    desk.at_task(name="ada")
    other = desk.signed_in(name="bob")
    other.get_by_text("Nothing to review").wait_for()
    for path in ("tasks/clip", "tasks/clip/document", "tasks/clip.json"):
        answer = other.goto(f"{desk.url}{path}")
        assert answer.status == 403
        assert "Task &#39;clip&#39; is not yours" in answer.text()
    desk.keep(other, "review-refused")


def test_a_form_of_another_origin_is_refused(desk, aws):
    desk.offer("clip", TRANSCRIPT_REVIEW, CLIP)
    page = desk.at_task()
    page.route(
        "http://127.0.0.1:9/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{desk.url}tasks/clip/submit"><input name="transcript"></form>',
        ),
    )
    page.goto("http://127.0.0.1:9/")
    with page.expect_response("**/submit") as refused:
        page.evaluate("document.forms[0].submit()")
    assert refused.value.request.headers["origin"] == "http://127.0.0.1:9"
    assert refused.value.status == 403
    page.get_by_text("posted by another site").wait_for()
    assert desk.answers == {}


def test_what_was_typed_and_chosen_is_there_after_a_reload(desk):
    form = """<crowd-form><crowd-text-area name="text" label="Text"></crowd-text-area>
      <crowd-input name="line" label="Line"></crowd-input> <select name="pick"><option>a<option>b</select>
      <crowd-checkbox name="tick" value="blurry">Blurry</crowd-checkbox></crowd-form>"""
    desk.offer("form", form)
    page = desk.at_task()
    task = page.frame_locator("#task")
    task.get_by_label("Text").fill("half a sen")
    task.get_by_label("Line").fill("tag")
    task.locator("select").select_option("b")
    task.get_by_role("checkbox", name="Blurry").check()
    page.reload()
    expect(task.get_by_label("Text")).to_have_value("half a sen")
    task.get_by_role("button", name="Submit").click()
    page.get_by_text("All done").wait_for()
    answer = {"text": "half a sen", "line": "tag", "pick": "b", "tick": {"blurry": True}}
    assert desk.answer("form") == answer


def test_entities_are_labelled_by_keyboard_and_by_mouse(desk):
    desk.offer("entities", ENTITIES, {"text": "Ada \U0001f600 met São Paulo's <i>mayor</i>."})
    page = desk.at_task()
    task = page.frame_locator("#task")
    task.get_by_role("group", name="Text to label").focus()
    page.keyboard.press("1")
    task.get_by_role("button", name="place").click()
    where = [task.locator("span.word", has_text=word).bounding_box() for word in ("São", "Paulo")]
    page.mouse.move(where[0]["x"] + 3, where[0]["y"] + 5)
    page.mouse.down()
    page.mouse.move(where[1]["x"] + 3, where[1]["y"] + 5)
    page.mouse.up()
    task.get_by_role("radio", name="Technology").click()
    page.keyboard.press("ArrowRight")
    desk.keep(page, "review-entities")
    page.keyboard.press("Enter")
    page.get_by_text("All done").wait_for()
    assert desk.answer("entities") == {
        "entities": {
            "entities": [
                {"endOffset": 3, "label": "person", "startOffset": 0},
                {"endOffset": 19, "label": "place", "startOffset": 10},
            ]
        },
        "tech": {"tech": False},
        "politics": {"politics": True},
    }


def test_fields_have_the_shape_that_aws_documents(desk):
    form = """<crowd-form>
      <crowd-checkbox name="flaws" value="blurry" checked>Blurry</crowd-checkbox>
      <crowd-checkbox name="flaws" value="dim">Dim</crowd-checkbox>
      <crowd-checkbox name="sure">Sure</crowd-checkbox>
      <input type="radio" name="rating" value="good" checked> <input type="radio" name="rating" value="bad">
      <input type="hidden" name="_" value="first"><input type="hidden" name="_" id="last">
      <crowd-classifier-multi-select name="topics" categories='["a", "b"]' header="Topics"
        exclusion-category="{ text: 'None' }"></crowd-classifier-multi-select>
      <crowd-input name="tag" label="Tag" required></crowd-input>
      <crowd-button form-action="submit">Send</crowd-button></crowd-form>
      <script>document.querySelector("crowd-form").onsubmit = () => { last.value = "last" }</script>"""
    desk.offer("form", form)
    page = desk.at_task()
    task = page.frame_locator("#task")
    page.keyboard.press("1")
    page.keyboard.press("2")
    task.get_by_role("button", name="Send").click()
    assert task.locator("crowd-input").evaluate("field => field.matches(':invalid')")
    task.get_by_label("Tag").fill("cat")
    page.keyboard.press("Enter")
    page.get_by_text("All done").wait_for()
    assert desk.answer("form") == {
        "flaws": {"blurry": True, "dim": False},
        "sure": {"on": False},
        "rating": {"good": True, "bad": False},
        "_": "last",
        "topics": {"labels": ["a", "b"]},
        "tag": "cat",
    }


def test_a_script_of_a_template_works_with_the_elements(desk):
    form = """<crowd-form>
      <crowd-button>Dog</crowd-button> <crowd-button>Cat</crowd-button>
      <label><input type="radio" name="seen" value="yes" required>Seen</label>
      <crowd-checkbox name="how" value="clearly" disabled>Clearly</crowd-checkbox>
      <input type="hidden" name="chosen" id="chosen"></crowd-form>
      <script>
        const buttons = [...document.querySelectorAll("crowd-button")];
        for (const button of buttons) button.onmouseup = () => { button.disabled = !button.disabled };
        document.querySelector("[type=radio]").onchange = () => {
          document.querySelector("crowd-checkbox").disabled = false;
        };
        document.querySelector("crowd-form").onsubmit = () => {
          chosen.value = buttons.filter((button) => button.disabled).map((button) => button.textContent);
        };
      </script>"""
    desk.offer("form", form)
    page = desk.at_task()
    task = page.frame_locator("#task")
    for name in ("Dog", "Cat", "Dog"):
        task.get_by_role("button", name=name).click(force=True)
    task.get_by_label("Seen").check()
    task.get_by_role("checkbox", name="Clearly").check()
    task.get_by_role("button", name="Submit").click()
    page.get_by_text("All done").wait_for()
    answer = {"chosen": "Cat", "seen": {"yes": True}, "how": {"clearly": True}}
    assert desk.answer("form") == answer


def test_an_element_that_the_page_does_not_have_is_named_and_nothing_is_sent(desk):
    desk.offer("lines", '<crowd-form><crowd-polyline name="lines"></crowd-polyline></crowd-form>')
    page = desk.at_task()
    page.get_by_text("This page has no <crowd-polyline>: skip the task.").wait_for()
    page.frame_locator("#task").get_by_role("button", name="Submit").click()
    assert page.url.endswith("/tasks/lines")
    assert desk.answers == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 375), ("dark", 1280), ("dark", 375)])
def test_every_page_fits_a_telephone_and_the_dark(desk, scheme, width):
    for id_, template, task_input in (
        ("clip", TRANSCRIPT_REVIEW, CLIP),
        ("topic", CLASSIFIER, {"text": "A bucket holds objects. " * 20}),
        ("boxes", BOXES, {"image": "s3://data/image.png", "labels": ["Cat", "Dog"]}),
        ("entities", ENTITIES, {"text": "Ada met São Paulo's mayor. " * 9}),
    ):
        desk.offer(id_, template, task_input, f"Review of {id_}")
    page = desk.signed_in(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    desk.keep(page, f"review-list-{scheme}-{width}")
    page.get_by_role("button", name="Start").click()
    for id_ in desk.offered:
        page.wait_for_url(f"**/tasks/{id_}")
        page.frames[1].wait_for_load_state("networkidle")
        desk.keep(page, f"review-{id_}-{scheme}-{width}")
        for document in page.frames:
            assert document.evaluate("document.documentElement.scrollWidth <= innerWidth"), id_
        page.get_by_role("button", name="Skip").click()
