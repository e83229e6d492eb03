"""The report of an improvement: what it says, and that it stands alone."""

import base64
import hashlib
import re
import struct
import zlib

import pytest

from pages import change, percent, points
from rates import File, document
from report import MOST_CHANGES, Change, Improvement, changes, page
from tests.chromium import launched
from windows import TaskCount
from word_errors import align

FILE = File(
    "lecture <1>.flac",
    "An EC2 instance runs.\nYou choose the type.\n<script>document.title = 'run'</script> stays.",
    "annecy two instance runs you choose a type script",
    "an EC2 instance runs you choose the type <img src=x onerror=alert(1)> stays",
    True,
)


def png():
    """One white pixel."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\xff"))]
    packed = [
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
        for k, d in [*chunks, (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def improvement():
    return Improvement(
        "Improvement of 2026-11-21",
        document([FILE], ["EC2"]),
        {"language": "en-US", "prefix": "s3://bucket/<media>"},
        0.4,
        [TaskCount(0.4, 16, 18, 51.25), TaskCount(0.5, 30, 41, 99.0)],
        {"All words": png()},
        changes(FILE),
    )


@pytest.fixture
def html():
    return page(improvement())


def text(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body>") :]).split())


def test_it_has_the_rates_the_terms_the_tasks_and_the_sentences(html):
    shown = text(html)
    assert "Word error rate, in-sample" in shown
    assert "Word error rate, out-of-sample" not in shown, "there are none"
    assert "EC2 1 0 1 0 0 0" in shown
    assert '<tr class="chosen"><td>0.4</td><td>16</td><td>18</td><td>51.2</td></tr>' in html
    assert "lecture &lt;1&gt;.flac, sentence 2" in shown
    assert "annecy" in shown


def test_transcripts_and_names_are_no_markup(html):
    assert "<script" not in html
    assert html.count("<img ") == 1
    assert "s3://bucket/&lt;media&gt;" in html


def test_its_policy_lets_in_its_own_style_and_pictures_only(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "style=" not in html
    assert not re.search(r'(href|src)="(?!data:)', html)


def test_only_sentences_that_are_heard_otherwise_are_shown():
    file = File("a", "one two\nthree\nfour five", "one two three for five", "one to three four five", True)
    assert [(found.number, found.fewer) for found in changes(file)] == [(1, -1), (3, 1)]


def test_the_largest_changes_are_shown_and_the_others_counted():
    right, wrong = align("one two", "one two"), align("one two", "one too")
    worst = Change("b", 1, align("one two", "so far"), right)
    many = [Change("a", number, wrong, right) for number in range(1, MOST_CHANGES + 5)]
    html = page(Improvement("x", document([], []), changes=[*many, worst]))
    assert html.count("<article>") == MOST_CHANGES
    assert html.index("b, sentence 1") < html.index("a, sentence 1")
    assert "5 more with smaller changes are not shown" in html


def test_nothing_changed_is_said():
    same = File("a", "one", "one", "one", True)
    assert "the vocabulary changes nothing" in page(Improvement("x", document([same], [])))


def test_without_references_the_rates_are_not_known():
    shown = text(page(Improvement("x", document([], []), counts=[TaskCount(0.4, 16, 18, 51.25)])))
    assert "There is no reference transcript" in shown
    assert "0.4 16 18 51.2" in shown
    assert "Word error rate" not in shown


def test_the_same_input_gives_the_same_page(html):
    assert html == page(improvement())


def test_numbers_are_written_for_people():
    assert (percent(0.0985), percent(0), percent(None)) == ("9.8%", "0.0%", "n/a")
    assert (change(0.1), change(-0.384), change(None)) == ("+10.0%", "-38.4%", "n/a")
    assert (points([0.2, 0.7]), points([0.7, 0.2]), points([None, 0.2])) == (
        "+50.0 points",
        "-50.0 points",
        "n/a",
    )


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_styled_and_has_nothing_to_complain_of(html, tmp_path, scheme):
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    with launched() as browser:
        opened = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})
        said = []
        opened.on("console", lambda message: said.append(message.text))
        opened.goto((tmp_path / "report.html").as_uri())
        ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
        loaded = opened.evaluate(
            "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
        )
        wide = opened.evaluate("document.documentElement.scrollWidth")
        title = opened.title()
    assert said == []
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    assert loaded
    assert wide <= 390, "a telephone need not scroll sideways"
    assert title == "Improvement of 2026-11-21"
