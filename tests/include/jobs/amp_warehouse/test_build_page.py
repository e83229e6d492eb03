"""The page of the reports, built as it ships; what the reports say is shown as text and never as markup."""

import csv
from datetime import date, timedelta

import pytest

DAY = date(2026, 3, 10)
FLASH = ("day", "listeners", "sessions", "listening_seconds", "shows", "creators", "likes", "follows")
ACTS = ("engaged", "liking", "following", "notified", "chatting", "calling_in", "answering_polls")
SHOWS = (
    *("show_id", "title", "creator_id", "listeners", "usual_listeners", "more_listeners"),
    *("listening_seconds", "likes"),
)
PROMOTIONS = ("channel", "shows", "listeners", "usual_listeners")
TITLE = "<script>alert('$x')</script> & a title that is longer than its bar"


def reports():
    """Ten days, the last one with twice as many of everything."""
    days = [DAY - timedelta(days=place) for place in range(9, -1, -1)]
    times = [2 if day == DAY else 1 for day in days]
    return {
        "daily_flash": [
            FLASH,
            *(
                [day, 10 * n, 20 * n, 36_000 * n, 5 * n, 4 * n, 3 * n, 0]
                for day, n in zip(days, times, strict=True)
            ),
        ],
        "engagement": [
            ("day", "listeners", *ACTS),
            *([day, 10 * n, 5 * n, *range(6)] for day, n in zip(days, times, strict=True)),
        ],
        "trending_shows": [
            SHOWS,
            ["s1", TITLE, "c1", 9, 2.5, 6.5, 7200, 1],
            ["s2", "", "c2", 3, 0, 3, 60, 0],
        ],
        "promotion_effectiveness": [PROMOTIONS, ["<b>push</b>", 4, 3.0, 1.5]],
    }


@pytest.fixture
def build(page_step, tmp_path):
    def run(changes=None, day=DAY):
        folder = tmp_path / "reports"
        folder.mkdir()
        for name, rows in {**reports(), **(changes or {})}.items():
            if rows is not None:
                with (folder / f"{name}.csv").open("w", newline="") as file:
                    csv.writer(file).writerows(rows)
        return page_step("build_page.py", "--reports", folder, "--day", day, output="page")

    return run


def test_the_page_has_the_day_beside_its_week_and_every_report(build):
    done = build()
    assert done.reason is None
    assert done.metrics == {
        "listeners": 20,
        "sessions": 40,
        "listening_seconds": 72_000,
        "shows": 10,
        "creators": 8,
        "likes": 6,
        "follows": 0,
        "engaged": 10,
        "trending_shows": 2,
        "channels": 1,
    }
    page = (done.folder / "report.html").read_text()
    assert "Amp, 2026-03-10" in page
    assert "+100.0% to the week before" in page
    assert page.count("data:image/png;base64,") == 4
    assert "+6.5" in page
    # One of nothing has no share.
    assert "no week before" in page


def test_what_the_reports_say_is_no_markup(build):
    page = (build().folder / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "&lt;b&gt;push&lt;/b&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_reports_without_rows_are_said_to_have_none(build):
    done = build({"trending_shows": [SHOWS], "promotion_effectiveness": [PROMOTIONS]})
    page = (done.folder / "report.html").read_text()
    assert "No show was listened to." in page
    assert "No show was promoted" in page
    assert page.count("data:image/png;base64,") == 2


@pytest.mark.parametrize(
    ("changes", "day", "said"),
    [
        ({}, "2026-03-11", "Nobody listened on 2026-03-11"),
        ({"engagement": None}, DAY, "There is no engagement.csv"),
        (
            {"engagement": [("day", "x")]},
            DAY,
            "engagement.csv has the columns day, x, expected are day, listeners",
        ),
        (
            {"promotion_effectiveness": [PROMOTIONS, ["push", "many", 1, 1]]},
            DAY,
            "promotion_effectiveness.csv: shows: Unable to parse string",
        ),
    ],
)
def test_what_cannot_be_shown_is_said(build, changes, day, said):
    assert said in build(changes, day).reason
