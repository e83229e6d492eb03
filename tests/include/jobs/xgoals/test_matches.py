"""Matches through kloppy: what is read is what was written, and what is broken is named."""

import gzip
import shutil

import pytest

PROVIDER = "match_files.PROVIDERS['sportec']"
READ = f"matches.read({PROVIDER}, {PROVIDER}.matches(pathlib.Path(folder))[0])"
GOOD, WRONG_RESULT, CUT_OFF = "DFL-MAT-000001", "DFL-MAT-00000B", "DFL-MAT-00001F"


@pytest.fixture
def folder(sample, tmp_path):
    """A folder with a match of the sample, and changes of its files: kind -> what to replace by what."""

    def make(match=GOOD, changes=None, leave_out="none"):
        for path in sample.glob(f"*{match}.xml.gz"):
            kind = path.name[4:9]
            if kind == leave_out:
                continue
            shutil.copy(path, tmp_path)
            for old, new in (changes or {}).get(kind, []):
                text = gzip.decompress(path.read_bytes()).decode()
                assert old in text
                (tmp_path / path.name).write_bytes(gzip.compress(text.replace(old, new).encode()))
        return str(tmp_path)

    return make


def broken(image, folder):
    checks = f"[c.sentence for c in match_rules.check({READ}) if not c.passed]"
    return image(checks, folder=folder)


def test_features_are_those_of_the_true_positions(image, folder):
    """But for noise of 2 cm in every position."""
    read = f"shots.table({READ}.shots).tolist()"
    true = "shot_features.table(fixtures.features(next(iter(generate.matches(1, 42))).situations)).tolist()"
    found, expected = image(read, folder=folder()), image(true)
    names = image("shot_features.FEATURES")
    assert len(found) == len(expected)
    within = {"shooter_speed": 0.25, "visible_share": 0.2, "keeper_coverage": 0.1, "defenders_in_line": 1}
    exact = ("header", "penalty", "assist_pass", "assist_cross", "assist_set_piece")
    for place, name in enumerate(names):
        apart = [abs(a[place] - b[place]) for a, b in zip(found, expected, strict=True)]
        assert max(apart) <= (0 if name in exact else within.get(name, 0.15)), name


def test_goals_are_those_of_the_result(image, folder):
    assert image(f"[{READ}.goals == {READ}.result, len({READ}.shots)]", folder=folder()) == [True, 30]


def test_a_good_match_breaks_no_rule(image, folder):
    assert broken(image, folder()) == []


def test_a_result_that_the_events_do_not_have_is_seen(image, folder):
    [sentence] = broken(image, folder(WRONG_RESULT))
    assert sentence == "its events have 3:2 goals, its result is 4:2"


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("02_01", ('PitchX="105.0"', 'PitchX="150.0"'), "the pitch is 150 by 68 m, allowed are 90 to 120"),
        (
            "03_02",
            ('TeamLeft="DFL-CLU-000001"', 'TeamLeft="DFL-CLU-000002"'),
            "m from the goal, at most 45 m",
        ),
        (
            "04_03",
            ('GameSection="firstHalf"', 'GameSection="secondHalfExtra"'),
            "of its shots have positions",
        ),
        ("04_03", ('Y="-', 'Y="-9'), "m outside of the pitch"),
    ],
)
def test_rules_name_what_is_wrong(image, folder, kind, change, said):
    sentences = broken(image, folder(changes={kind: [change]}))
    assert any(said in sentence for sentence in sentences), sentences


def test_no_goal_is_seen_from_behind_its_line(image, folder):
    """On a shorter pitch the ball of the nearest shots is there: these are counted, the others are read."""
    where = folder(changes={"02_01": [('PitchX="105.0"', 'PitchX="90.0"')]})
    unplaced, shots = image(f"[dict({READ}.unplaced), len({READ}.shots)]", folder=where)
    assert set(unplaced) == {"the ball was on or behind the goal line"}
    assert unplaced.popitem()[1] + shots == 30
    assert image(f"bool(numpy.isfinite([s.moment.ball for s in {READ}.shots]).all())", folder=where)


@pytest.mark.parametrize("kind", ["02_01", "03_02", "04_03"])
def test_a_match_without_one_of_its_files_says_which(image, folder, kind):
    load = f"{PROVIDER}.load({PROVIDER}.matches(pathlib.Path(folder))[0])"
    asked = f"build_features.reading({PROVIDER}.matches(pathlib.Path(folder))[0], 'sportec').reason"
    name = {"02_01": "information", "03_02": "events", "04_03": "positions"}[kind]
    assert image(asked, folder=folder(leave_out=kind)) == f"it has no file of {name}", load


def test_a_file_that_is_cut_off_is_set_aside(image, folder):
    asked = f"build_features.reading({PROVIDER}.matches(pathlib.Path(folder))[0], 'sportec').reason"
    assert "its files cannot be read: XMLSyntaxError" in image(asked, folder=folder(CUT_OFF))


def test_only_frames_near_shots_are_handed_on(image, folder):
    """kloppy makes an object of everything that it is given."""
    where = folder()
    near = "frame_windows.near(next(pathlib.Path(folder).glob('*04_03*')), []).read().count(b'<Frame ')"
    # The first frame of each half, of 22 players and the ball.
    assert image(near, folder=where) == 2 * 23


@pytest.mark.parametrize(
    ("origin", "end", "is_cross"),
    [
        ((12, 28), (7, -3), True),
        ((12, 15), (7, -3), False),
        ((40, 28), (7, -3), False),
        ((12, 28), (20, 0), False),
    ],
)
def test_a_cross_comes_from_the_side_into_the_penalty_area(image, origin, end, is_cross):
    assert image("assists.is_cross(tuple(origin), tuple(end))", origin=origin, end=end) is is_cross
