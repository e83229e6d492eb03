"""Files that arrive in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.file_sets import FileSet, Stored

A, B, OTHER = "s3://b/x_train.csv", "s3://b/x_test.csv", "s3://b/source.tar.gz"
PAIR = FileSet("x", {"train.csv": A, "test.csv": B}, {"source.tar.gz": OTHER}, once=True)


def there(**versions):
    names = {"a": A, "b": B, "other": OTHER}
    return {
        uri: Stored(versions[name], versions[name]) if name in versions else None
        for name, uri in names.items()
    }


def test_a_set_is_complete_without_what_is_optional():
    assert PAIR.missing(there(a="1", b="1")) is None


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (there(a="1"), f"'x' needs {B}, of which x_train.csv has arrived"),
        (there(b="1", other="1"), f"'x' needs {A}, of which x_test.csv has arrived"),
        (there(), f"'x' needs {A} and {B}"),
    ],
)
def test_what_is_missing_is_named(found, sentence):
    assert PAIR.missing(found) == sentence


def test_a_version_is_told_from_another_whatever_goes_with_it():
    assert PAIR.identity(there(a="1", b="1")) == PAIR.identity(there(a="1", b="1", other="2"))
    others = [there(a="2", b="1"), there(a="1", b="2"), there(a="2", b="2")]
    assert len({PAIR.identity(each) for each in [there(a="1", b="1"), *others]}) == 4


@given(st.text(min_size=1, max_size=120))
def test_any_name_gives_a_folder_with_a_key_that_needs_no_escaping(name):
    folder = FileSet(name, {}).folder("0123456789")
    assert folder.endswith("-0123456789")
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(folder) <= 71
