"""The script: what it leaves, and how it ends where it cannot work."""

import json
from html.parser import HTMLParser

BOTH = {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}}
NASTY = "<script>alert(1)</script> $x$"
ROWS = "f,y,p,n\n" + f'"{NASTY}",1,0,1\n"{NASTY}",0,0,2\na,1,1,1\na,1,1,2\na,0,0,3\n' * 4


class Page(HTMLParser):
    """Headings, pictures and tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.titles, self.inside = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = tag

    def handle_data(self, data):
        if self.inside in ("h2", "h3") and data.strip():
            self.titles.append(data.strip())


def test_figures_metrics_and_a_page(script):
    facet = [{"name_or_index": "f", "value_or_threshold": [NASTY]}]
    done = script(
        ROWS, "--title", "A & B", facet=facet, predicted_label="p", group_variable="n", methods=BOTH
    )
    assert done.reason is None
    document = json.loads((done.folder / "analysis.json").read_text())
    [group] = document["post_training_bias_metrics"]["facets"]["f"]
    values = {metric["name"]: metric["value"] for metric in group["metrics"]}
    assert values["DPPL"] == done.metrics["f_script_alert_1_script_x_DPPL"] == 2 / 3
    assert values["TE"] == "Infinity"
    assert done.metrics["rows"] == 20
    assert not any(name.endswith("_TE") for name in done.metrics)
    text = (done.folder / "report.html").read_text()
    page = Page(text)
    assert page.titles[0] == f"f: {NASTY}"
    assert [title.split()[0] for title in page.titles[1:]] == ["Are", "Do", "Is", "Is", "Does", "Other"]
    assert page.tags.count("img") == 5
    assert "script" not in page.tags
    assert "∞" in text
    assert "A &amp; B" in text


def test_before_a_model_there_are_two_questions(script):
    done = script(ROWS, facet=[{"name_or_index": "f", "value_or_threshold": ["a"]}])
    page = Page((done.folder / "report.html").read_text())
    assert [title.split()[0] for title in page.titles] == ["f:", "Are", "Do"]
    assert page.tags.count("img") == 2


def test_an_error_is_the_job_s_reason(script):
    done = script(ROWS, label="z")
    assert done.reason == "There is no column 'z' (label); the columns are 'f', 'y', 'p', 'n'."


def test_groups_that_differ_in_signs_alone_have_metrics_of_their_own(script):
    rows = "f,y\n" + "<=50K,1\n" * 3 + "<=50K,0\n" + ">50K,1\n" + ">50K,0\n" * 3
    done = script(rows, facet=[{"name_or_index": "f"}])
    assert done.metrics["f_50K_DPL"] == -done.metrics["f_50K_2_DPL"] != 0
