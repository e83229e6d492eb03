"""The page that compares waiting here with the Amazon provider's: what it cites is there."""

import re
from importlib.metadata import version
from pathlib import Path

import airflow.providers.amazon.aws as provider
import pytest

REPO = Path(__file__).parents[1]
PAGE = REPO / "docs" / "waiting.md"
PROVIDER = Path(next(iter(provider.__path__)))

TEXT = PAGE.read_text()
TABLE, _, REST = TEXT.partition("## The provider's lines")
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and "---" not in line][1:]
QUOTES = re.search(r"```text\n(.*?)```", REST, re.DOTALL)[1].splitlines()

CITED = re.compile(r"`((?:\w+/)+\w+\.py(?::\d+)?)`")
"""A file of the provider, with or without a line."""
LINKED = re.compile(r"\]\((\.\./[^)#]+)\)")
"""A file of this repository."""


def quotes() -> dict[str, str]:
    """What the page says of each cited place: the words of the line, or what the file does not contain."""
    return dict(quote.split(maxsplit=1) for quote in QUOTES)


def subject(row: str) -> str:
    return row.split("|")[1].strip()


@pytest.mark.parametrize(("place", "words"), quotes().items())
def test_the_provider_still_says_so(place, words):
    file, _, line = place.partition(":")
    rows = ", ".join(subject(row) for row in ROWS if place in CITED.findall(row))
    text = (PROVIDER / file).read_text()
    if line:
        found = text.splitlines()[int(line) - 1].strip()
        assert words in found, f"row {rows!r}: {place} is {found!r}, not {words!r}"
    else:
        absent = words.removeprefix("has no ")
        assert absent != words, f"row {rows!r}: {place} {words!r} names no line"
        assert absent not in text, f"row {rows!r}: {place} contains {absent!r} by now"


def test_rows_are_there():
    assert len(ROWS) >= 17
    assert all(len(re.split(r"(?<!\\)\|", row)) == 5 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=subject)
def test_a_row_cites_both_sides(row):
    _, _, ours, theirs, _ = row.split("|")
    assert LINKED.search(ours), "a statement about Millrace names no file"
    assert not CITED.search(ours)
    assert CITED.search(theirs), "a statement about the provider names no line"
    assert not LINKED.search(theirs)


@pytest.mark.parametrize("row", ROWS, ids=subject)
def test_what_a_row_cites_is_quoted(row):
    missing = [place for place in CITED.findall(row) if place not in quotes()]
    assert not missing, f"{missing} of this row: no words under 'The provider's lines'"


def test_every_quote_belongs_to_a_row_and_stands_once():
    cited = {place for row in ROWS for place in CITED.findall(row)}
    places = [quote.split(maxsplit=1)[0] for quote in QUOTES]
    assert sorted(set(places)) == sorted(places)
    assert set(places) == cited


def test_files_of_the_project_exist():
    linked = LINKED.findall(TEXT)
    assert linked
    assert [path for path in linked if not (PAGE.parent / path).exists()] == []


def test_the_version_is_the_installed_one():
    assert f"`apache-airflow-providers-amazon` {version('apache-airflow-providers-amazon')}." in TEXT
