"""The parts of the recommender, each by itself; tests/local/aws/recommender has it whole."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.amp_serving_rig.modules import FUNCTION, JOB, load

NAMES = (
    *("circuit", "live_catalog", "live_counts", "online_features", "online_store", "ranking_features"),
    *("listing", "reading", "serving_stores", "topics_heuristic"),
)
DAY = date(2026, 3, 6)
HOUR = 3_600_000


@pytest.fixture(scope="module")
def code():
    return load(JOB, FUNCTION, names=NAMES)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Flaky:
    """A store that fails when it is told to."""

    def __init__(self):
        self.fails, self.asked = True, 0

    def __call__(self):
        self.asked += 1
        if self.fails:
            raise ConnectionError("host:6379 refuses")
        return "answer"


class TestCircuit:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def circuit(self, code, clock):
        return code.circuit.Circuit("Redis", {ConnectionError: "cannot be reached"}, clock)

    def call(self, code, circuit, store):
        with pytest.raises(code.circuit.UnavailableError) as raised:
            circuit.call(store)
        return str(raised.value)

    def test_a_store_that_is_down_is_asked_three_times_and_then_once_a_second(self, code, circuit, clock):
        store = Flaky()
        reasons = {self.call(code, circuit, store) for _ in range(10)}
        assert store.asked == code.circuit.FAILURES
        for period in range(1, 4):
            clock.now += code.circuit.OPEN_SECONDS
            reasons |= {self.call(code, circuit, store) for _ in range(10)}
            assert store.asked == code.circuit.FAILURES + period
        assert reasons == {"Redis cannot be reached."}, "and names no host"

    def test_a_store_that_is_back_is_asked_again(self, code, circuit, clock):
        store = Flaky()
        for _ in range(5):
            self.call(code, circuit, store)
        store.fails = False
        self.call(code, circuit, store)
        clock.now += code.circuit.OPEN_SECONDS
        assert [circuit.call(store) for _ in range(5)] == ["answer"] * 5

    def test_failures_that_are_not_in_a_row_change_nothing(self, circuit, code):
        store = Flaky()
        for _ in range(10):
            store.fails = True
            self.call(code, circuit, store)
            store.fails = False
            assert circuit.call(store) == "answer"

    def test_what_is_no_failure_of_the_store_is_not_hidden(self, circuit):
        with pytest.raises(ZeroDivisionError):
            circuit.call(lambda: 1 // 0)


class TestCounts:
    counts = st.tuples(*[st.integers(0, 10**6)] * 4)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        counts, st.dictionaries(st.sampled_from(["listens", "likes", "mean_completion"]), st.floats(0, 1e6))
    )
    def test_counts_are_added_to_what_they_count_and_to_nothing_else(self, code, counts, features):
        counted = code.reading.Counts(*counts)
        found = code.live_counts.with_counts("show", features, counted)
        assert found.get("likes", 0) == pytest.approx(features.get("likes", 0) + counted.likes)
        assert found.get("listens", 0) == pytest.approx(features.get("listens", 0) + counted.listens)
        assert found.get("mean_completion") == features.get("mean_completion")

    def test_of_what_has_no_record_and_no_count_nothing_is_known(self, code):
        nothing = code.reading.NOTHING
        assert code.live_counts.with_counts("user", None, nothing) is None
        found = code.live_counts.with_counts("creator", None, nothing._replace(likes=2))
        assert found == {"recent_plays": 0, "likes": 2}

    def test_minutes_are_the_unit_of_the_daily_features(self, code):
        counted = code.reading.Counts(listening_milliseconds=90_000)
        found = code.live_counts.with_counts("user", {"listening_minutes": 1.0}, counted)
        assert found["listening_minutes"] == 2.5

    def test_every_counted_feature_is_one_of_the_group(self, code):
        for group, counted in code.live_counts.COUNTED.items():
            assert set(counted) <= set(code.ranking_features.GROUPS[group][1])


class TestRows:
    def test_the_order_is_that_of_the_features_and_null_is_minus_one(self, code):
        show = code.listing.Show("s", "c", ("jazz", "news", "golf"))
        features = {
            ("user", "u"): {"sessions": 3.0},
            ("creator", "c"): {"likes": 4.0},
            ("show", "s"): {"mean_completion": 0.5},
            ("user_topic", "u:jazz"): {"affinity": 0.25, "likes": 1.0, "declared": 1.0},
            ("user_topic", "u:golf"): {"affinity": 0.5, "likes": 2.0, "declared": 0.0},
            ("user_creator", "u:c"): {"affinity": 7.0, "long_sessions": 2.0},
        }
        stranger = code.listing.Show("t", "d", ("chess",))
        [row, other] = code.online_features.rows("u", [show, stranger], features).tolist()
        known = {
            "user_sessions": 3,
            "creator_likes": 4,
            "show_mean_completion": 0.5,
            "user_topic_affinity": 0.75,
            "user_topic_likes": 3,
            "user_topic_declared": 1,
            "user_creator_affinity": 7,
            "user_creator_long_sessions": 2,
        }
        names = code.ranking_features.FEATURES
        assert dict(zip(names, row, strict=True)) == {name: known.get(name, -1) for name in names}
        assert {name: value for name, value in zip(names, other, strict=True) if value != -1} == {
            "user_sessions": 3
        }

    def test_features_older_than_the_training_allowed_are_not_used(self, code):
        record = code.online_store.Record
        records = {("user", "u"): record(DAY, {}), ("show", "s"): record(DAY - timedelta(days=7), {})}
        records["show", "t"] = record(DAY - timedelta(days=8), {})
        assert set(code.online_features.recent(records, 7)) == {("user", "u"), ("show", "s")}

    def test_declared_topics_are_told_by_the_user_s_records(self, code):
        record = code.online_store.Record
        records = {
            ("user_topic", "u:1:jazz"): record(DAY, {"declared": 1.0}),
            ("user_topic", "u:1:news"): record(DAY, {"declared": 0.0}),
            ("user", "u:1"): record(DAY, {"declared": 1.0}),
        }
        assert code.online_features.declared_topics("u:1", records) == ["jazz"]

    def test_no_show_makes_no_row(self, code):
        assert code.online_features.rows("u", [], {}).shape == (0, 21)


class Leaving:
    """Feature Store, leaving the last of each call unprocessed for so many rounds."""

    def __init__(self, rounds):
        self.rounds, self.calls = rounds, []

    def batch_get_record(self, Identifiers):  # noqa: N803
        [group] = Identifiers
        names = group["RecordIdentifiersValueAsString"]
        self.calls.append(len(names))
        self.rounds -= 1
        taken = names if self.rounds < 0 else names[:-1]
        left = [{**group, "RecordIdentifiersValueAsString": names[-1:]}] if taken != names else []
        features = [{"FeatureName": "event_time", "ValueAsString": "2026-03-06T00:00:00Z"}]
        return {
            "Records": [
                {"FeatureGroupName": "shows", "RecordIdentifierValueAsString": name, "Record": features}
                for name in taken
            ],
            "Errors": [],
            "UnprocessedIdentifiers": left,
        }


class TestStore:
    @pytest.mark.parametrize("count", [1, 100, 101, 999])
    def test_every_record_is_asked_for_once_in_calls_that_aws_takes(self, code, count):
        keys = [("show", str(number)) for number in range(count)]
        found = code.online_store.calls(keys)
        assert [key for call in found for key in call] == keys
        assert max(map(len, found)) <= 100

    def test_what_is_left_unprocessed_is_asked_for_again(self, code):
        client = Leaving(rounds=2)
        store = code.online_store.OnlineStore(client, {"show": "shows"})
        assert len(store.records([("show", "a"), ("show", "b")])) == 2
        assert client.calls == [2, 1, 1]

    def test_but_not_for_ever(self, code):
        store = code.online_store.OnlineStore(Leaving(rounds=9), {"show": "shows"})
        with pytest.raises(
            code.online_store.UnreadRecordsError, match="1 of 2 records are left after 3 calls"
        ):
            store.records([("show", "a"), ("show", "b")])

    def test_what_all_ask_for_is_kept_for_a_while_and_what_one_asks_for_is_not(self, code):
        clock, client = Clock(), Leaving(rounds=0)
        names = dict.fromkeys(("show", "user"), "shows")
        store = code.online_store.OnlineStore(client, names, clock)
        for key in [("show", "a"), ("show", "a"), ("user", "u"), ("user", "u")]:
            store.records([key])
        assert len(client.calls) == 3
        clock.now += code.online_store.KEPT_SECONDS
        store.records([("show", "a")])
        assert len(client.calls) == 4


class TestCatalog:
    def test_it_is_read_again_when_it_is_old_and_the_last_one_is_used_without_the_store(self, code):
        clock, store = Clock(), Flaky()
        shows = [code.listing.Show("s")]

        def read():
            if store.fails:
                raise code.circuit.UnavailableError("Redis cannot be reached.")
            store.asked += 1
            return shows

        catalog = code.live_catalog.LiveCatalog(read, clock)
        with pytest.raises(code.circuit.UnavailableError):
            catalog.state()
        store.fails = False
        assert [catalog.state() for _ in range(3)] == [(shows, 0)] * 3
        assert store.asked == 1
        clock.now += 2 * code.live_catalog.KEPT_SECONDS
        store.fails = True
        assert catalog.state() == (shows, 4)
        store.fails = False
        assert catalog.state() == (shows, 0)

    def test_live_shows_come_first_and_those_that_nobody_ended_go(self, code):
        now = round(datetime(2026, 3, 6, tzinfo=UTC).timestamp() * 1000)

        def show(name, status, hours):
            at = now + round(hours * HOUR)
            return code.listing.Show(name, starts_at=at, status=status, changed_at=min(at, now))

        shows = [
            show("later", "scheduled", 5),
            show("soon", "scheduled", 1),
            show("late", "scheduled", -0.5),
            show("never came", "scheduled", -1),
            show("live", "live", -3),
            show("never ended", "live", -24),
        ]
        names = [each.show_id for each in code.live_catalog.offered(shows, now)]
        assert names == ["live", "late", "soon", "later"]
        assert [each.show_id for each in code.live_catalog.offered(shows, now, {"soon", "x"})] == ["soon"]

    def test_there_are_no_more_candidates_than_a_ranking_may_have(self, code):
        shows = [code.listing.Show(str(n), status="live", changed_at=0) for n in range(1_500)]
        assert len(code.live_catalog.offered(shows, 0)) == code.live_catalog.MOST_CANDIDATES


def test_the_heuristic_counts_declared_topics(code):
    shows = [code.listing.Show("s", topics=("jazz", "news")), code.listing.Show("t", topics=("golf",))]
    assert code.topics_heuristic.scores(shows, ["jazz", "news", "pop"]) == [2, 0]


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"MILLRACE_STORE_MILLISECONDS": "soon"}, "MILLRACE_STORE_MILLISECONDS is 'soon'"),
        ({"MILLRACE_STORE_MILLISECONDS": "0"}, "give a whole number of at least 1"),
        ({"MILLRACE_REDIS_SECRET_ARN": "redis://:s3cret@host"}, "MILLRACE_REDIS_SECRET_ARN is no ARN"),
    ],
)
def test_an_environment_that_names_no_store_is_refused_without_its_secrets(code, environ, reason):
    with pytest.raises(ValueError, match=reason) as raised:
        code.serving_stores.from_environment(environ)
    assert "s3cret" not in str(raised.value)
