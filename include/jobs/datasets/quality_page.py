"""Great Expectations' results as one page for people."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #212529; max-width: 70rem; margin: auto; padding: 1rem }
.fas { font-style: normal; font-weight: bold } .fa-check-circle::before { content: "\\2713" }
.fa-times::before { content: "\\2717" } .fa-exclamation-triangle::before { content: "!" }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { border: 1px solid #dee2e6; padding: .3rem .6rem; text-align: left; vertical-align: top }
ul, ol { list-style: none; padding-left: .5rem }
.badge { border-radius: .25rem; padding: .1rem .4rem } .badge-secondary { background: #e2e3e5 }
.text-success { color: #1b7f3b } .text-danger { color: #b02a37 }
.alert { background: #f8f9fa; padding: .5rem 1rem }
.sticky-top, .card.mb-3, .modal, .collapse, .ge-breadcrumbs, footer, button, a[data-toggle] { display: none }
"""
"""What stands in for the style sheets of Great Expectations' page."""
ONLINE = re.compile(
    r"""<script[^>]*\bsrc="https?:[^>]*>\s*</script>|<(link|img)\b[^>]*\b(href|src)="(https?:|\.\./)[^>]*>"""
    r"""|url\('https?:[^)]*\)|href="\.\./[^"]*\""""
)
"""What a page of Great Expectations would fetch from other hosts, or find beside it in its own site."""


def page(results: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """Great Expectations' page of results, every batch on it, made to stand alone.

    Its own site links a dozen files on other hosts and one page to the next, which a browser that opens
    one object of a private bucket cannot follow.
    """
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view import DefaultJinjaPageView  # noqa: PLC0415

    renderer = ValidationResultsPageRenderer()
    document, *others = (renderer.render(result) for result in results.values())
    for other in others:
        document.sections += other.sections[1:]  # its overview is in the summary
    html = ONLINE.sub("", str(DefaultJinjaPageView().render(document)))
    html = html.replace("</head>", f"<style>{STYLE}</style></head>", 1)
    return re.sub(r"<body[^>]*>", lambda body: body[0] + summary(verdict), html, count=1)


def summary(verdict: Mapping[str, Any]) -> str:
    """HTML that says first what was not met, over all batches."""
    failed = [escape(item["sentence"]) for item in verdict["expectations"] if not item["success"]]
    items = "".join(f'<li class="text-danger">{sentence}</li>' for sentence in failed)
    return f"<h1>{len(failed)} of {len(verdict['expectations'])} expectations not met</h1><ul>{items}</ul>"
