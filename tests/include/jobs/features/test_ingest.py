"""Parquet becomes records: every row, nothing of nulls, only what has changed if that is wanted."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.include.jobs.features.conftest import columns
from tests.local.aws.feature_store.conftest import FEATURES, TODAY


def test_every_row_is_a_record_and_a_null_is_left_out(groups, group, parquet, ingest, tmp_path):
    nan = float("nan")
    files = {
        "in/user/a.parquet": columns(100),
        "in/user/deep/b.parquet": {
            "user_id": ["v0", "v1"],
            "event_time": [1767225600.0, 1767225600.25],
            "minutes": [nan, None],
            "sessions": [True, None],
        },
        "in/user/_SUCCESS.parquet": {"x": [1]},
    }
    parquet(files)
    arguments = ["--features", tmp_path / "in", "--group", f"user={group}"]
    for processes in (2, 1):  # again is safe
        done = ingest(*arguments, processes=processes)
        assert done.code == 0, done.log
        counts = {"records": 102, "records_user": 102, "written": 102, "unchanged": 0, "refused": 0}
        assert done.metrics.items() >= counts.items()
    assert "102 of 102 records" in done.log
    assert groups.get(group, "u99") == {
        "user_id": "u99",
        "event_time": TODAY,
        "minutes": "12.375",
        "sessions": "99",
        "city": "c0",
    }
    moment = "2026-01-01T00:00:00"
    assert groups.get(group, "v0") == {"user_id": "v0", "event_time": f"{moment}.000Z", "sessions": "1"}
    assert groups.get(group, "v1") == {"user_id": "v1", "event_time": f"{moment}.250Z"}
    listed = groups.records.list_records(FeatureGroupName=group)
    assert len(listed["RecordIdentifiers"]) == 100
    assert "NextToken" in listed


def test_only_what_has_changed_is_written_if_there_is_an_earlier_version(
    groups, group, parquet, ingest, tmp_path
):
    tomorrow = ["2026-01-02T00:00:00Z"]
    cities = [None, *(f"c{n % 3}" for n in range(1, 100))]
    before = columns(100, city=cities)
    after = columns(101, event_time=tomorrow * 101, city=[*cities, "new"])
    after["sessions"][7] = None
    parquet({"before/user/a.parquet": before, "after/user/a.parquet": after})
    assert ingest("--features", tmp_path / "before", "--group", f"user={group}").code == 0
    arguments = ["--features", tmp_path / "after", "--previous", tmp_path / "before"]
    done = ingest(*arguments, "--group", f"user={group}")
    assert done.code == 0, done.log
    assert (done.metrics["records"], done.metrics["written"], done.metrics["unchanged"]) == (101, 2, 99)
    times = {n: groups.get(group, f"u{n}")["event_time"] for n in (0, 7, 8, 100)}
    assert times == {0: TODAY, 8: TODAY, 7: tomorrow[0], 100: tomorrow[0]}
    assert "sessions" not in groups.get(group, "u7")


def test_refused_records_are_counted_and_the_others_written(groups, group, parquet, ingest, tmp_path):
    times = [TODAY if n != 4 else "yesterday" for n in range(60)]
    parquet({"in/user/a.parquet": columns(60, sessions=[n / 2 for n in range(60)], event_time=times)})
    done = ingest("--features", tmp_path / "in", "--group", f"user={group}")
    assert done.code == 1
    assert done.reason.startswith("31 of 60 records were refused")
    assert "28 times other reasons" in done.reason
    assert ".5' of feature sessions is not of type Integral" in done.reason
    assert (done.metrics["refused"], done.metrics["written"]) == (31, 29)
    assert groups.get(group, "u58")["sessions"] == "29"


def test_a_column_that_is_no_feature_is_refused_before_anything_is_written(
    groups, group, parquet, ingest, tmp_path
):
    parquet({"in/user/a.parquet": columns(3), "in/user/b.parquet": columns(3, age=[1, 2, 3])})
    done = ingest("--features", tmp_path / "in", "--group", f"user={group}")
    assert (done.code, done.metrics) == (1, None)
    assert f"Column 'age' of user/b.parquet is no feature of the group {group}" in done.reason
    assert groups.get(group, "u0") is None


def test_a_folder_without_files_is_named(ingest, tmp_path):
    done = ingest("--features", tmp_path, "--group", "show=shows")
    assert "'show' has no Parquet file for the feature group shows" in done.reason


class Overloaded(BaseHTTPRequestHandler):
    """A Feature Store that has too much to do: it throttles, processes three of a batch, fails some."""

    protocol_version = "HTTP/1.1"
    calls = 0
    written = 0
    lock = threading.Lock()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = self.answer(body) if "Entries" in body else (200, self.group(body))
        content = json.dumps(answer).encode()
        self.send_response(status)
        if status != 200:
            self.send_header("x-amzn-ErrorType", "ThrottlingException")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self, body):
        cls = type(self)
        with cls.lock:
            cls.calls += 1
            if cls.calls == 1:
                return 400, {"message": "Rate exceeded"}
            entries = body["Entries"]
            taken = entries[:3] if len(entries) > 3 else entries
            left = entries[len(taken) :]
            failure = {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
            failed = [{"Entry": entry, **failure} for entry in left[:1]]
            cls.written += len(taken)
            return 200, {"Errors": failed, "UnprocessedEntries": left[1:]}

    def group(self, body):
        definitions = [{"FeatureName": n, "FeatureType": t} for n, t in FEATURES.items()]
        return {"FeatureGroupName": body["FeatureGroupName"], "FeatureDefinitions": definitions}

    def log_message(self, *_):
        pass


@contextmanager
def overloaded():
    with ThreadingHTTPServer(("127.0.0.1", 0), Overloaded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_is_throttled_or_not_processed_is_tried_again(parquet, ingest, tmp_path):
    parquet({"in/user/a.parquet": columns(10)})
    with overloaded() as endpoint_url:
        done = ingest("--features", tmp_path / "in", "--group", "user=users", endpoint_url=endpoint_url)
    assert done.code == 0, done.log
    assert (done.metrics["written"], done.metrics["refused"], Overloaded.written) == (10, 0, 10)
