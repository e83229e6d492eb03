"""Templates become documents: in Liquid, in AWS's filters, and with the input as data."""

import html
import json
from urllib.parse import quote

import pytest

from local.aws.review.rendering import MAX_TEMPLATE, TemplateError, _environment, render

HOSTILE = """<img src=x onerror="alert('1')">&lt;script&gt;"""


def grant(uri: str) -> str:
    if not uri.startswith("s3://"):
        raise ValueError(f"{uri!r} is no address of an object")
    return f"http://link/{uri.removeprefix('s3://')}?a=1&b=2"


def html_of(template: str, **task_input: object) -> str:
    return render(template, task_input, grant).html


@pytest.mark.parametrize("name", sorted(_environment(str).filters))
@pytest.mark.parametrize("value", [HOSTILE, quote(HOSTILE), html.escape(HOSTILE), [HOSTILE], {"a": HOSTILE}])
def test_no_filter_turns_the_input_into_markup(name, value):
    arguments = {"replace": ": 'a', 'b'", "slice": ": 0, 99", "date": ": '%Y'", "grant_read_access": ""}
    for argument in {arguments.get(name, ""), ": task.input.value", ": '<br>'", ": 'a', task.input.value"}:
        try:
            found = html_of(f"{{{{ task.input.value | {name}{argument} }}}}", value=value)
        except TemplateError:
            continue
        assert "onerror" not in found or "<img" not in found
        assert "<script" not in found


def test_an_escaped_value_is_escaped_once():
    assert html_of("{{ task.input.text | escape }}", text="a<b") == "a&lt;b"
    assert html_of("{{ task.input.text }}", text="&lt;") == "&amp;lt;"


@pytest.mark.parametrize("filters", ["to_json", "to_json | escape"])
def test_json_in_an_attribute_is_the_value(filters):
    labels = ["it's", 'a "dog"', "</script>", "ü & 日"]
    found = html_of(f"<a b='{{{{ task.input.labels | {filters} }}}}'>", labels=labels)
    assert json.loads(html.unescape(found.removeprefix("<a b='").removesuffix("'>"))) == labels


def test_json_in_a_script_is_the_value_and_does_not_end_it():
    value = {"text": "</script><script>alert(1)</script> & 'quoted'\u2028"}
    found = html_of("{{ task.input | to_json | skip_autoescape }}", **value)
    assert json.loads(found) == value
    assert not set(found) & set("<>&'\u2028")


def test_what_is_not_there_is_null_in_json_and_nothing_in_text():
    assert (
        html_of(
            "{{ task.input.a | to_json }}|{{ task.input.a.b.c }}|{% for x in task.input.a %}x{% endfor %}"
        )
        == "null||"
    )


def test_markup_of_the_input_is_kept_on_request_without_what_acts():
    text = (
        '<p onclick="x()">A <b>bold</b> word</p><script>x()</script><a href="javascript:x()">y</a>'
        "<form><input></form>"
    )
    found = html_of("{{ task.input.text | skip_autoescape }}", text=text)
    assert found.startswith("<p>A <b>bold</b> word</p>")
    assert not any(word in found for word in ("script", "onclick", "form", "input"))


def test_access_is_granted_to_a_captured_address_too():
    template = (
        "{% capture uri %}s3://{{ task.input.bucket }}/{{ task.input.key }}{% endcapture %}"
        "<img src='{{ uri | grant_read_access }}'>{{ 's3://b/k' | grant_read_access }}"
    )
    found = render(template, {"bucket": "data", "key": "a&b'c.png"}, grant)
    assert found.links == ("http://link/data/a&b'c.png?a=1&b=2", "http://link/b/k?a=1&b=2")
    assert "<img src='http://link/data/a&amp;b&#39;c.png?a=1&amp;b=2'>" in found.html


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ task.input.x | nope }}", "unknown filter 'nope'"),
        ("{% if %}", "cannot be rendered"),
        ("{% include 'secrets' %}", "cannot be rendered"),
        ("{{ task.input | safe }}", "unknown filter 'safe'"),
        ("{{ 'http://elsewhere' | grant_read_access }}", "'http://elsewhere' is no address of an object"),
        ("{% for i in (1..1000000000) %}{% endfor %}", "loop iteration limit"),
        ("{% for i in (1..9999) %}{% for j in (1..9999) %}x{% endfor %}{% endfor %}", "loop iteration limit"),
        ("{% for i in (1..90000) %}" + "x" * 200 + "{% endfor %}", "output stream limit"),
        (
            "{% assign a = 'x' %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}",
            "local namespace limit",
        ),
        (" " * (MAX_TEMPLATE + 1), "128,001 characters, a template has at most 128,000"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_refused_with_the_reason(template, message):
    with pytest.raises(TemplateError, match=message):
        html_of(template)
