"""Rows of many matches as the job makes them: broken matches are set aside and take nothing from others."""

import csv

import pytest

from tests.include.jobs.speech.in_image import RaisedError

SPLITS = ("train", "validation", "test")
MATCHES = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "0A", "0B", "1F", "20")
"""The last digits of some of the sample's; two of them are broken."""


@pytest.fixture(scope="module")
def built(sample, script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    (folder / "in").mkdir()
    for match in MATCHES:
        for path in sample.glob(f"*DFL-MAT-0000{match}.xml.gz"):
            (folder / "in" / path.name).symlink_to(path)
    return script("build_features.py", "--input", folder / "in", "--processes", "2", output=folder / "out")


def test_every_shot_of_a_good_match_is_a_row_of_its_split(built):
    metrics = built.document("metrics/metrics.json")
    rows = {name: list(csv.reader((built.folder / name / "shots.csv").open())) for name in SPLITS}
    assert {name: len(found) for name, found in rows.items()} == {n: metrics[f"shots_{n}"] for n in SPLITS}
    assert {len(row) for found in rows.values() for row in found} == {14}
    assert sum(float(row[0]) for found in rows.values() for row in found) == metrics["goals"]
    assert metrics["matches"] == len(MATCHES)
    assert metrics["set_aside_fraction"] == metrics["matches_set_aside"] / len(MATCHES)


def test_broken_matches_are_set_aside_with_the_reason(built):
    reasons = built.document("matches/set_aside.json")
    assert set(reasons) == {"DFL-MAT-00000B", "DFL-MAT-00001F"}
    assert reasons["DFL-MAT-00000B"] == "its events have 3:2 goals, its result is 4:2"
    assert "DFL-MAT-00000B is set aside: its events" in built.log


def test_the_last_good_match_is_left_for_who_scores_it_alone(image, built):
    """The last two by name are a good one and, before it, one that is cut off."""
    assert len(list((built.folder / "last").iterdir())) == 3
    read = "[f.match for f in match_files.PROVIDERS['sportec'].matches(pathlib.Path(folder))]"
    assert image(read, folder=str(built.folder / "last")) == ["DFL-MAT-000020"]


def test_what_each_rule_found_in_each_match_is_kept(built):
    found = {each["match"]: each["checks"] for each in built.document("matches/matches.json")}
    assert len(found) == len(MATCHES)
    assert len(found["DFL-MAT-000001"]) == 10
    assert all(check["passed"] and check["sentence"] for check in found["DFL-MAT-000001"])


def test_all_shots_of_a_match_are_in_one_split(image, built):
    read = "pandas.read_parquet(path).groupby('match')['split'].nunique().max().item()"
    assert image(read, path=str(built.folder / "shots" / "shots.parquet")) == 1


def test_a_match_keeps_its_split_and_shares_are_as_stated(image):
    splits = image("[build_features.split_of(f'DFL-MAT-{n:06X}') for n in range(2000)]")
    assert {name: splits.count(name) / 2000 for name in SPLITS} == pytest.approx(
        {"train": 0.7, "validation": 0.15, "test": 0.15}, abs=0.03
    )


def test_too_few_matches_are_refused_with_a_sentence(image, sample):
    files = "match_files.PROVIDERS['sportec'].matches(pathlib.Path(folder))[0]"
    one = f"[build_features.reading({files}, 'sportec')]"
    with pytest.raises(RaisedError, match=r"it needs shots of both kinds\. Give more matches"):
        image(f"build_features.table({one})", folder=str(sample))


def test_a_folder_without_matches_is_refused(image, tmp_path):
    with pytest.raises(RaisedError, match="There is no match among the files given"):
        image("match_files.PROVIDERS['sportec'].matches(pathlib.Path(folder))", folder=str(tmp_path))


def test_a_file_that_is_there_twice_is_refused(image, sample, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = next(sample.glob("*03_02*DFL-MAT-000001.xml.gz"))
        (tmp_path / folder / path.name).symlink_to(path)
    with pytest.raises(RaisedError, match="are the same file of DFL-MAT-000001"):
        image("match_files.PROVIDERS['sportec'].matches(pathlib.Path(folder))", folder=str(tmp_path))
