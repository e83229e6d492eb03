"""The generator of matches: repeatable, and true to the chances that it states."""

import csv
import hashlib
import json

MADE = (
    "{name: hashlib.sha256(content).hexdigest() for match in generate.matches(2, seed) "
    "for name, content in generate.documents(match, seed)}"
)


def test_the_sample_that_ships_is_made_again_by_its_seed(image, sample):
    """However many matches there are: here it is two of 32."""
    made = image(MADE, seed=42)
    assert len(made) == 6
    assert made == {name: hashlib.sha256((sample / name).read_bytes()).hexdigest() for name in made}


def test_another_seed_makes_other_matches(image):
    first, second = image(MADE, seed=42), image(MADE, seed=43)
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first if "04_03" in name)


def test_the_command_writes_matches_and_their_true_chances(script, tmp_path):
    truth, metrics = tmp_path / "truth.csv", tmp_path / "metrics.json"
    options = ("--matches", "1", "--truth", truth, "--metrics", metrics)
    done = script("generate.py", *options, output=tmp_path / "out")
    assert len(list(done.folder.iterdir())) == 3
    counted = json.loads(metrics.read_text())
    rows = list(csv.DictReader(truth.open()))
    assert len(rows) == counted["shots"]
    assert sum(int(row["goal"]) for row in rows) == counted["goals"]
    assert all(0 < float(row["probability"]) < 1 for row in rows)


def test_shots_are_as_frequent_and_as_likely_as_stated(image):
    drawn = (
        "(lambda s: (lambda f: [len(s.kind), float((s.kind == 'penalty').mean()), "
        "float((s.kind == 'header').mean()), float(goal_model.probability(f).mean()), "
        "float(goal_model.probability(f)[f['penalty'] > 0].mean())])(fixtures.features(s)))"
        "(fixtures.situations.draw(numpy.random.default_rng(0), 40000))"
    )
    shots, penalties, headers, goals, penalty = image(drawn)
    assert shots == 40_000
    assert 0.008 < penalties < 0.012
    assert 0.16 < headers < 0.18
    assert 0.10 < goals < 0.13
    assert abs(penalty - 0.77) < 1e-9


def test_everybody_meets_everybody_at_home_and_away(image):
    assert image("len({clubs.pairing(n) for n in range(306)})") == 306
    assert image("all(home != away for home, away in map(clubs.pairing, range(306)))")
