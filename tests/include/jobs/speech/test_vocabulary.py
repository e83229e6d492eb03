"""Tables of custom vocabularies: each rule of Transcribe, and how a live table takes new terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from character_sets import ADDRESS
from vocabulary import MAX_BYTES, Problem, Row, TableError, merge, parse, problems, render

HEADER = "Phrase\tSoundsLike\tIPA\tDisplayAs\n"
GOOD = (
    HEADER + "Los-Angeles\t\tl \u0254 s \u00e6 n \u02a4 \u0259 l \u0259 s\tLos Angeles\n"
    "Eva-Maria\tay-va-ma-ree-ah\t\t\nA.B.C.-s\t\t\tABCs\nE.C.-Two\t\ti s i t u\tEC2\n"
)
HINDI = (
    "Phrase\tIPA\tSoundsLike\tDisplayAs\n"
    "\u0917\u094b\u0932\u0915\u0941\u0902\u0921\u093e-\u092b\u094b\u0930\t\t\t"
    "\u0917\u094b\u0932\u0915\u094b\u0902\u0921\u093e \u092b\u094b\u0930\u094d\u091f\n"
    "\u0938\u093e\u0932\u093e\u0930-\u091c\u0902\u0917\t\t\u0938\u093e-\u0932\u093e\u0930-\u091c\u0902\u0917\t"
    "\u0938\u093e\u0932\u093e\u0930 \u091c\u0902\u0917\n"
)
USE_LISTED = f"use only the characters listed at {ADDRESS}"
NO_SYMBOL = f"no IPA symbol of en-US: use those listed at {ADDRESS}, with a space between each two"
ONE_SPACE = "has spaces at an end, or more than one between symbols: leave one between each two"
NAME_COLUMNS = "name Phrase, SoundsLike, IPA, DisplayAs, with a tab between them"
EC2, LAMBDA = Row("E.C.-Two", ipa="i s i t u", display_as="EC2"), Row("lambda", display_as="Lambda")


def said(text, language="en-US"):
    return [str(problem) for problem in problems(text, language)]


def row(phrase="Kinesis", sounds_like="", ipa="", display_as=""):
    return f"{HEADER}{phrase}\t{sounds_like}\t{ipa}\t{display_as}\n"


@pytest.mark.parametrize(
    ("text", "language"), [(GOOD, "en-US"), (GOOD.removesuffix("\n"), "en-GB"), (HINDI, "hi-IN")]
)
def test_a_good_table_has_no_problems(text, language):
    assert said(text, language) == []


def test_columns_are_read_by_their_names():
    assert [r.sounds_like for r in parse(HINDI)] == ["", "\u0938\u093e-\u0932\u093e\u0930-\u091c\u0902\u0917"]
    assert parse(GOOD)[0] == Row(
        "Los-Angeles", "", "l \u0254 s \u00e6 n \u02a4 \u0259 l \u0259 s", "Los Angeles"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            row("EC Two"),
            "Row 2, column Phrase, has a space in 'EC Two': join words by hyphens, as in 'EC-Two'.",
        ),
        (row(""), "Row 2, column Phrase, is empty: give the term as it is spoken."),
        (
            row("EC2"),
            "Row 2, column Phrase, has digits in 'EC2': spell numbers as words, as in 'E.C.-Two'.",
        ),
        (
            row("E.C-Two"),
            "Row 2, column Phrase, spells letters without a last period in 'E.C': write 'E.C.'.",
        ),
        (
            row("caf\u00e9"),
            f"Row 2, column Phrase, has '\u00e9' (U+00E9), which en-US does not allow: {USE_LISTED}.",
        ),
        (
            row("Eva", "ay va"),
            "Row 2, column SoundsLike, has a space in 'ay va': join words by hyphens, as in 'ay-va'.",
        ),
        (
            row("Eva", "ay-va", "e\u026a v \u0259"),
            "Row 2, column IPA, is filled beside SoundsLike: keep one of the two.",
        ),
        (
            row("Eva", ipa="e\u026av \u0259"),
            f"Row 2, column IPA, has 'e\u026av' (U+0065 U+026A U+0076), {NO_SYMBOL}.",
        ),
        (
            row("Eva", ipa="e\u026a  v \u0259"),
            f"Row 2, column IPA, {ONE_SPACE}.",
        ),
        (
            row("Eva", display_as=" Eva"),
            "Row 2, column DisplayAs, has spaces around 'Eva': delete them.",
        ),
        (
            row("a" * 257),
            "Row 2, column Phrase, has 257 characters, at most 256 are allowed: shorten it.",
        ),
        (
            GOOD + "e.c.-two\t\t\tec2\n",
            "Row 6, column Phrase, has 'e.c.-two' again, as row 5: keep one of the two rows.",
        ),
        (GOOD + "\n", "Row 6 is blank: delete it."),
        (
            HEADER + "Kinesis\n",
            "Row 2 has 1 column, 4 are needed: put a tab between columns, also between empty ones.",
        ),
        (
            GOOD + "S3    S.-Three\t\n",
            "Row 6 has 2 columns, 4 are needed: put a tab between columns, also between empty ones.",
        ),
        (
            "Phrase DisplayAs\n",
            "The table has no row below its header: add a term.",
        ),
        (
            "Phrase\tDisplayAs\nEva\tEva\n",
            f"Row 1 has the columns ['Phrase', 'DisplayAs']: {NAME_COLUMNS}.",
        ),
        (
            GOOD.replace("\n", "\r\n"),
            "Row 1 has a carriage return: save the table with LF line ends.",
        ),
        (
            "\ufeff" + GOOD,
            "Row 1 begins with a byte order mark: save the table as UTF-8 without one.",
        ),
    ],
)
def test_a_broken_rule_is_told_by_row_column_and_what_to_do(text, sentence):
    assert said(text)[0] == sentence


def test_decomposed_characters_are_told_from_others():
    [sentence] = said(row("de\u0301ja\u0300"), "fr-FR")
    assert "has decomposed characters" in sentence
    assert "one code point (NFC)" in sentence
    assert said(row("d\u00e9j\u00e0"), "fr-FR") == []


def test_every_broken_row_is_told():
    text = HEADER + "EC 2\t\t\t\nS3\t\t\n\t\t\tX\n"
    assert [(each.row, each.column) for each in problems(text, "en-US")] == [
        (2, "Phrase"),
        (2, "Phrase"),
        (3, ""),
        (4, "Phrase"),
    ]


def test_size_is_counted_in_bytes():
    line = "\u00fc" * 50
    rows = [Row(f"word-{'x' * index}", display_as=line) for index in range(1, 200)]
    text = render(rows)
    assert len(text) < MAX_BYTES < len(text.encode()) + 10_000
    more = text + text.split("\n", 1)[1].replace("word-", "other-")
    first = problems(more, "en-US")[0]
    assert first == Problem(
        0, "", f"has {len(more.encode())} bytes, at most {MAX_BYTES} are allowed: split it or remove rows"
    )


def test_an_empty_text_is_no_table():
    assert said("")[0] == "The table has no row below its header: add a term."
    with pytest.raises(TableError, match="Row 1 has the columns"):
        parse("")


def test_a_table_that_is_not_one_is_not_parsed():
    with pytest.raises(TableError, match=r"Row 2 has 2 columns.* There are 1 more such problems\."):
        parse(HEADER + "a\tb\nc\n")


@pytest.mark.parametrize("value", ["a\tb", "a\nb", "a\rb"])
def test_a_value_cannot_become_columns_or_rows(value):
    with pytest.raises(ValueError, match="has a tab or a line end"):
        render([Row("a", display_as=value)])


VALUES = st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), max_size=9)
ROWS = st.lists(st.builds(Row, VALUES.filter(lambda text: text.strip()), VALUES, VALUES, VALUES), max_size=9)


@given(ROWS)
def test_what_was_rendered_is_parsed_the_same(rows):
    assert parse(render(rows)) == rows


def test_new_terms_follow_the_live_ones_in_their_order():
    assert merge([LAMBDA], [EC2, Row("S.-Three", display_as="S3")]) == [
        LAMBDA,
        EC2,
        Row("S.-Three", display_as="S3"),
    ]


@pytest.mark.parametrize(
    "edited",
    [
        Row("E.C.-Two", sounds_like="ee-see-too", display_as="EC2"),
        Row("e.c.-two", display_as="Amazon EC2"),
        Row("easy-two", display_as="ec2"),
    ],
)
def test_a_row_that_a_person_edited_stays(edited):
    assert merge([edited], [EC2]) == [edited]


def test_a_phrase_is_known_by_what_it_shows_where_that_is_empty():
    assert merge([Row("Kinesis")], [Row("kin-ee-sis", display_as="kinesis")]) == [Row("Kinesis")]


@given(ROWS, ROWS)
def test_the_live_table_is_the_beginning_of_the_merged_one_and_merging_again_changes_nothing(live, new):
    merged = merge(live, new)
    assert merged[: len(live)] == live
    assert merge(merged, new) == merged
