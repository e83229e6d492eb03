r"""Worker-page templates: Liquid and a task's input become an HTML document.

The input of a task is data. Whatever of it a template puts out is escaped, also after any filter. AWS has
two filters that may put out more, and here they do a little less:

``to_json`` writes ``<``, ``>``, ``&`` and ``'`` as ``\u003c`` and so on, which mean the same in JSON: the
text cannot end a script element or a single-quoted attribute.

``skip_autoescape`` leaves the output of ``to_json`` as it is; everything else it reduces to markup that does
nothing: paragraphs, lists, tables and pictures stay; scripts, handlers, forms and styles go.

``grant_read_access`` turns an ``s3://`` address into a link that is good for a while.

Source of the filters: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2-automate.html
"""

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import nh3
from liquid import Environment, Markup
from liquid.exceptions import LiquidError
from liquid.undefined import is_undefined

Grant = Callable[[str], str]
"""Makes a link for an ``s3://`` address; raises `ValueError` for anything else."""

MAX_TEMPLATE = 128_000
"""Characters that AWS accepts as a template."""


class TemplateError(ValueError):
    """A template cannot be rendered with the input; the message names line and column where it can."""


@dataclass(frozen=True)
class Document:
    """A rendered template.

    Attributes:
        html: What the template makes of the input.
        links: What it may load, as `Grant` made it.
    """

    html: str
    links: tuple[str, ...]


class _Limited(Environment):
    """A template is refused before it takes the server's time or memory for itself."""

    loop_iteration_limit = 100_000
    output_stream_limit = 8 << 20
    local_namespace_limit = 8 << 20
    context_depth_limit = 20


class _Json(str):
    """JSON without a character that means something to HTML, but for the quotation marks."""

    __slots__ = ()


def render(template: str, task_input: Mapping[str, Any], grant: Grant) -> Document:
    """Renders a template as the page of a task.

    Args:
        template: Liquid, as `CreateHumanTaskUi` takes it.
        task_input: The template's ``task.input``.
        grant: What ``grant_read_access`` does.

    Raises:
        TemplateError: the template is too long, not Liquid, names an unknown filter, asks access to what is
            not in S3, or loops without end.
    """
    if len(template) > MAX_TEMPLATE:
        raise TemplateError(
            f"The template has {len(template):,} characters, a template has at most {MAX_TEMPLATE:,}."
        )
    links: list[str] = []

    def grant_read_access(value: object) -> str:
        links.append(grant(_text(value)))
        return links[-1]

    try:
        rendered = _environment(grant_read_access).from_string(template).render(task={"input": task_input})
    except LiquidError as error:
        raise TemplateError(f"The template cannot be rendered: {error}") from error
    except Exception as error:  # of a filter, on a value that it is not made for
        kind = type(error).__name__
        raise TemplateError(f"The template cannot be rendered with this input: {kind}: {error}") from error
    return Document(rendered, tuple(dict.fromkeys(links)))


def _environment(grant_read_access: Callable[[object], str]) -> Environment:
    environment = _Limited(autoescape=True)
    environment.filters.pop("safe")  # not AWS's, and marks data as markup
    environment.add_filter("url_decode", _url_decode)
    environment.add_filter("to_json", _to_json)
    environment.add_filter("skip_autoescape", _skip_autoescape)
    environment.add_filter("grant_read_access", grant_read_access)
    return environment


def _url_decode(value: object) -> str:
    """The library's own says that the result is markup."""
    return unquote_plus(_text(value))


def _to_json(value: object) -> str:
    text = json.dumps(None if is_undefined(value) else value, ensure_ascii=False)
    for character in "<>&'\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _Json(text)


def _skip_autoescape(value: object) -> Markup:
    if isinstance(value, _Json):
        return Markup(value)  # nothing in it is markup
    return Markup(nh3.clean(str(value)))  # what is left does nothing


def _text(value: object) -> str:
    """What stood in the input: a captured value has been escaped."""
    return html.unescape(str(value)) if isinstance(value, Markup) else str(value)
