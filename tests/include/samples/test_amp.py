"""The world of the sample: same numbers, same bytes; what is wrong with it, and what can be learned."""

import gzip
import json
import math
import os
import random
import shutil
import subprocess
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import boto3
import numpy as np
import pytest

from include.bundles import Bundle
from local.aws.server import LocalAws
from tests.include.jobs.conftest import IMAGES, REPOSITORY, interpreter

SAMPLE = REPOSITORY / "include" / "samples" / "amp"
CONTRACT = json.loads((REPOSITORY / "include" / "jobs" / "amp" / "events.json").read_text())
EVENTS, DAYS, UNTIL = 60_000, 20, date(2026, 3, 1)
NUMBERS = ("--events", EVENTS, "--days", DAYS)
PEAK = """
import resource
from generate import main
main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def generate(tmp_path_factory):
    """Runs the generator as a job does: from the folder as it ships, in the image."""
    folder = tmp_path_factory.mktemp("job")
    Bundle.of(SAMPLE).write(folder)

    def run(*arguments, output, until=UNTIL, program=("generate.py",), **environment):
        command = [interpreter("sklearn"), *program, *arguments, "--until", until, "--output", output]
        done = subprocess.run(
            list(map(str, command)),
            cwd=folder,
            env=os.environ | {"SAGEMAKER_BASE_DIR": str(folder)} | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return SimpleNamespace(code=done.returncode, error=done.stderr, lines=done.stdout.splitlines())

    return run


@pytest.fixture(scope="module")
def world(generate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    extra = ("--taste", folder / "taste.npz", "--metrics", folder / "metrics.json")
    done = generate(*NUMBERS, *extra, output=folder / "events")
    assert (done.code, done.error) == (0, "")
    metrics = json.loads((folder / "metrics.json").read_text())
    return SimpleNamespace(folder=folder / "events", metrics=metrics, taste=np.load(folder / "taste.npz"))


@pytest.fixture(scope="module")
def arrived(world):
    """(hour of arrival, line) of everything."""
    found = []
    for path in sorted(world.folder.rglob("*.gz")):
        hour = datetime.strptime("/".join(path.parts[-5:-1]) + "+0000", "%Y/%m/%d/%H%z")
        found += [(hour, line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return found


@pytest.fixture(scope="module")
def events(arrived):
    """Event by its id, of what is whole and not from a clock that is ahead."""
    found = {}
    for hour, line in arrived:
        event = whole(line)
        if event and moment(event["event_time"]) <= hour + timedelta(hours=2):
            found[event["event_id"]] = event
    return found


def moment(text):
    return datetime.fromisoformat(text)


def is_a(kind, value):
    match kind:
        case "string":
            return type(value) is str
        case "bigint":
            return type(value) is int and value >= 0
        case "boolean":
            return type(value) is bool
        case "array<string>":
            return type(value) is list and all(type(each) is str for each in value)
        case "timestamp":
            try:
                return len(value) == 24 and moment(value) is not None and value.endswith("Z")
            except (TypeError, ValueError):
                return False
    raise AssertionError(kind)


def whole(line):
    """The event of a line that keeps the contract to the letter, without fields of its own."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    fields = CONTRACT["*"] | CONTRACT.get(event.get("event_type"), {})
    fits = event.keys() == fields.keys() and all(is_a(kind, event[name]) for name, kind in fields.items())
    return event if fits else None


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_numbers_make_the_same_bytes_however_the_days_are_shared(generate, world, tmp_path):
    assert generate(*NUMBERS, "--processes", 3, output=tmp_path).code == 0
    assert contents(tmp_path) == contents(world.folder)


def test_another_seed_makes_another_world(generate, world, tmp_path):
    assert generate(*NUMBERS, "--seed", 7, output=tmp_path).code == 0
    assert not contents(tmp_path).keys() & {name for name in contents(world.folder) if name.endswith(".gz")}


def test_days_that_are_added_are_those_that_would_have_been_there(generate, world, tmp_path):
    parts, once = tmp_path / "parts", tmp_path / "once"
    shutil.copytree(world.folder, parts)
    for more in (1, 3):
        assert generate(*NUMBERS, output=parts, until=UNTIL + timedelta(more)).code == 0
    # As a call leaves it that is killed before its first day is there.
    once.mkdir()
    state = json.loads((world.folder / "world.json").read_text())
    (once / "world.json").write_text(json.dumps(state | {"until": state["first_day"]}))
    assert generate(*NUMBERS, output=once, until=UNTIL + timedelta(3)).code == 0
    assert contents(once) == contents(parts)
    added = contents(parts).keys() - contents(world.folder).keys()
    assert {name[:10] for name in added} == {"2026/03/01", "2026/03/02", "2026/03/03"}


def test_what_is_there_is_not_made_again(generate, world):
    before = contents(world.folder)
    for until in (UNTIL, UNTIL - timedelta(5)):
        done = generate(*NUMBERS, output=world.folder, until=until)
        assert "holds the world until 2026-03-01 already" in done.lines[0]
        assert json.loads(done.lines[1])["lines"] == 0
    assert contents(world.folder) == before


def test_the_metrics_are_what_is_there(world, arrived, events):
    metrics = world.metrics
    assert metrics["lines"] == len(arrived)
    assert metrics["events"] == metrics["lines"] - metrics["repeated"] == pytest.approx(EVENTS, rel=0.01)
    assert metrics["bytes"] == sum(path.stat().st_size for path in world.folder.rglob("*.gz"))
    assert sum(metrics[f"events_{kind}"] for kind in CONTRACT if kind != "*") == metrics["events"]
    assert metrics["users"] == 750
    assert len({event["user_id"] for event in events.values() if "user_id" in event}) <= metrics["users"]


def test_faults_have_their_rates(arrived, world):
    lines = [line for _, line in arrived]
    first = {line: hour for hour, line in reversed(arrived)}
    known = {line: event for line in first if (event := whole(line))}
    days = {
        line: (first[line].date() - moment(event["event_time"]).date()).days for line, event in known.items()
    }
    ahead = [line for line, e in known.items() if moment(e["event_time"]) > first[line] + timedelta(hours=2)]
    # What happened seconds before midnight and arrives after it is not late.
    late = [line for line, gap in days.items() if gap == 2 or (gap == 1 and not just_before(known[line]))]
    counted = {
        "late": (len(late), 0.01),
        "repeated": (len(lines) - len(first), 0.01),
        "malformed": (len(first) - len(known), 0.001),
        "skewed": (len(ahead), 0.0005),
    }
    for name, (number, rate) in counted.items():
        deviation = math.sqrt(EVENTS * rate)
        assert number == pytest.approx(EVENTS * rate, abs=5 * deviation), name
        assert number == pytest.approx(world.metrics[name], abs=3 if name == "late" else 0), name
    two_days = sum(gap == 2 for gap in days.values())
    assert two_days == pytest.approx(EVENTS * 0.002, abs=5 * math.sqrt(EVENTS * 0.002))
    assert max(days.values()) == 2


def just_before(event):
    return event["event_time"][11:] >= "23:58:30"


def test_what_is_repeated_arrives_within_an_hour_of_the_first(arrived):
    hours = defaultdict(list)
    for hour, line in arrived:
        hours[line].append(hour)
    gaps = {(several[-1] - several[0]).total_seconds() for several in hours.values()}
    assert gaps == {0.0, 3600.0}


def test_lines_are_malformed_in_all_four_ways(arrived):
    ways = Counter()
    for line in {line for _, line in arrived if not whole(line)}:
        try:
            event = json.loads(line)
        except ValueError:
            ways["cut"] += 1
            continue
        fields = CONTRACT["*"] | CONTRACT.get(event.get("event_type"), {})
        missing = fields.keys() - event.keys() or "event_type" not in event
        ways["missing" if missing else "type" if "many" in event.values() else "time"] += 1
    assert set(ways) == {"cut", "missing", "type", "time"}


def test_every_type_is_there_and_ids_have_their_form(events):
    assert {event["event_type"] for event in events.values()} == CONTRACT.keys() - {"*"}
    forms = {"user_id": ("u", 8), "creator_id": ("c", 7), "show_id": ("s", 9)}
    for event in events.values():
        for name, (letter, length) in forms.items():
            value = event.get(name, letter.ljust(length, "0"))
            assert (value[0], len(value), value[1:].isdigit()) == (letter, length, True)
        assert not set("".join(event.get("topics", []))) & set(":#")
    shown = [event["topics"] for event in events.values() if event["event_type"] == "show"]
    assert {len(topics) for topics in shown} == {1, 2, 3}
    assert all(len(set(topics)) == len(topics) for topics in shown)


def test_a_session_is_within_its_show(events):
    aired = defaultdict(dict)
    for event in events.values():
        if event["event_type"] == "show":
            aired[event["show_id"]][event["status"]] = event
    for event in events.values():
        show = aired.get(event.get("show_id"), {})
        if event["event_type"] == "session" and {"live", "ended"} <= show.keys():
            began, ended = moment(event["started_at"]), moment(event["event_time"])
            assert ended - began == timedelta(seconds=event["seconds"])
            assert moment(show["live"]["event_time"]) <= began <= ended <= moment(show["ended"]["event_time"])
            assert show["live"]["topics"] == event["topics"]


def test_traffic_has_the_pattern_of_a_day_and_popularity_is_skewed(events):
    sessions = [event for event in events.values() if event["event_type"] == "session"]
    hours = Counter(moment(event["started_at"]).hour for event in sessions)
    assert hours[20] > 5 * hours[4]
    plays = sorted(Counter(event["creator_id"] for event in sessions).values(), reverse=True)
    assert sum(plays[: len(plays) // 10]) > 0.25 * sum(plays)


def test_taste_ranks_better_than_declared_interests_and_they_better_than_chance(world, events):
    gains = defaultdict(list)
    for scores, heard in choices(world.taste, events):
        for name, values in scores.items():
            order = sorted(values, key=lambda show: (-values[show], show))
            rank = order.index(heard)
            gains[name].append(1 / math.log2(rank + 2) if rank < 10 else 0.0)
    mean = {name: np.mean(values) for name, values in gains.items()}
    error = max(np.std(values) for values in gains.values()) / math.sqrt(len(gains["taste"]))
    assert mean["taste"] > mean["declared"] + 6 * error
    assert mean["declared"] > mean["chance"] + 2 * error


def choices(hidden, events):
    """For each of many sessions: how good what was live is by three measures, and what it was."""
    number = {topic: position for position, topic in enumerate(hidden["topics"])}
    # An archive is read anew each time it is asked.
    taste, favourites, quality = (hidden[name] for name in ("taste", "favourites", "quality"))
    ordered = sorted(events.values(), key=lambda event: event["event_time"])
    declared = {event["user_id"]: set(event["topics"]) for event in ordered if event["event_type"] == "user"}
    shows, times = {}, defaultdict(dict)
    for event in ordered:
        if event["event_type"] == "show":
            shows[event["show_id"]] = event
            times[event["show_id"]][event["status"]] = event["event_time"]
    aired = [
        (each["live"], each["ended"], show)
        for show, each in times.items()
        if {"live", "ended"} <= each.keys()
    ]
    draw = random.Random(1)
    for session in draw.sample([event for event in ordered if event["event_type"] == "session"], 2_500):
        user, began = int(session["user_id"][1:]), session["started_at"]
        live = [show for start, end, show in aired if start <= began < end]
        if session["show_id"] not in live or len(live) < 4:
            continue
        scores = {"taste": {}, "declared": {}, "chance": {}}
        for show in live:
            topics, creator = shows[show]["topics"], int(shows[show]["creator_id"][1:])
            match = sum(taste[user, number[topic]] for topic in topics) / len(topics)
            favourite = creator in favourites[user]
            scores["taste"][show] = 9 * match + 1.6 * favourite + 0.4 * quality[creator]
            interests = declared.get(session["user_id"], set())
            scores["declared"][show] = len(interests & set(topics)) + draw.random() / 1000
            scores["chance"][show] = draw.random()
        yield scores, session["show_id"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--events", 999), "999 is not at least 1000 and at most 100000000"),
        (("--events", 1000, "--days", 0), "0 is not at least 1 and at most 730"),
        (("--events", "many"), "'many' is not a whole number"),
        (("--events", 1000, "--processes", 0), "0 is not at least 1"),
    ],
)
def test_arguments_have_bounds(generate, tmp_path, arguments, sentence):
    done = generate(*arguments, output=tmp_path)
    assert done.code == 2
    assert sentence in done.error
    assert contents(tmp_path) == {}


def test_a_day_that_is_none_is_refused(generate, tmp_path):
    done = generate(*NUMBERS, output=tmp_path, until="today")
    assert "'today' is not a day such as 2026-11-22" in done.error


def test_another_world_is_refused(generate, world):
    before = contents(world.folder)
    done = generate("--events", 70_000, "--days", DAYS, output=world.folder)
    assert done.code == 1
    stands = "another world (seed 42, 60000 events in 20 days from 2026-02-09, there until 2026-03-01)"
    assert f"{stands} than the one asked for (seed 42, 70000 events in 20 days)" in done.error
    assert contents(world.folder) == before


def test_a_state_that_is_none_is_refused(generate, tmp_path):
    (tmp_path / "world.json").write_text("[")
    done = generate(*NUMBERS, output=tmp_path)
    assert done.code == 1
    assert "world.json at" in done.error
    assert "give another --output" in done.error


def test_events_of_others_are_not_mixed_with_made_up_ones(generate, tmp_path):
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "real.gz").write_bytes(b"")
    done = generate(*NUMBERS, output=tmp_path)
    assert done.code == 1
    assert "holds objects, and no world.json says that they are of a world" in done.error
    assert list(contents(tmp_path)) == ["2026/real.gz"]


def test_a_bucket_gets_what_a_folder_gets(generate, tmp_path):
    numbers = ("--events", 2000, "--days", 3, "--processes", 2)
    with LocalAws(home=tmp_path / "aws", images=IMAGES) as aws:
        s3 = boto3.client("s3", endpoint_url=aws.endpoint_url)
        s3.create_bucket(Bucket="raw")
        there = {"AWS_ENDPOINT_URL": aws.endpoint_url}
        assert generate(*numbers, output="s3://raw/t/amp/events/", **there).code == 0
        missing = generate(*numbers, output="s3://nobody/x", **there)
        mixed = generate(*numbers, output="s3://raw/t/amp", **there)
        listed = s3.list_objects_v2(Bucket="raw")["Contents"]
        found = {item["Key"]: s3.get_object(Bucket="raw", Key=item["Key"])["Body"].read() for item in listed}
    assert generate(*numbers, output=tmp_path / "folder").code == 0
    assert found == {f"t/amp/events/{name}": c for name, c in contents(tmp_path / "folder").items()}
    assert (missing.code, mixed.code) == (1, 1)
    assert "s3://raw/t/amp holds objects" in mixed.error
    assert "s3://nobody/x/world.json cannot be read" in missing.error
    assert "give s3://bucket/prefix" in generate(*numbers, output="https://x/y").error


@pytest.mark.slow
def test_memory_does_not_grow_with_the_days(generate, tmp_path):
    def peak(days):
        program = ("-c", PEAK)
        numbers = ("--events", 20_000 * days, "--days", days)
        return int(generate(*numbers, output=tmp_path / str(days), program=program).lines[-1])

    # All columns of 24 days are 40 MB.
    assert peak(24) - peak(4) < 15_000
