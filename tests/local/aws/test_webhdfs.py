"""WebHDFS over the buckets, as Hadoop's client speaks it."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import psutil
import pytest
from moto.s3.models import s3_backends

from local.aws.http import RequestHandler
from local.aws.server import LocalAws
from tests.local.aws.test_events import Inbox, rule
from tests.local.conftest import ClientOf, connect

Call = Callable[..., httpx.Response]
MIB = 1 << 20
NAMES = [
    "with space",
    "größe/日本語.csv",
    "a+b&c=d?e#f;g",
    "percent%20",
    "100%",
    "[1]{2}*",
    "10:30.csv",
    "back\\slash",
]


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    s3 = client("s3")
    s3.create_bucket(Bucket="data")
    return s3


@pytest.fixture
def call(aws: LocalAws) -> Call:
    """``call("GET", "/data/a", op="LISTSTATUS")``: one request, and its second step if there is one."""

    def send(method: str, path: str, content: Any = None, **parameters: Any) -> httpx.Response:
        url = f"{aws.endpoint_url}/webhdfs/v1{quote(path)}"
        answer = httpx.request(method, url, params={"user.name": "spark", **parameters})
        if answer.status_code != 307:
            return answer
        return httpx.request(method, answer.headers["Location"], content=content)

    return send


def keys(s3: Any, prefix: str = "") -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="data", Prefix=prefix).get("Contents", [])]


def put(s3: Any, *names: str) -> None:
    for name in names:
        s3.put_object(Bucket="data", Key=name, Body=name.encode())


def listed(answer: httpx.Response) -> list[tuple[str, str, int]]:
    return [(e["pathSuffix"], e["type"], e["length"]) for e in answer.json()["FileStatuses"]["FileStatus"]]


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["RemoteException"]["exception"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_written_read_listed_renamed_and_deleted(s3: Any, call: Call, name: str) -> None:
    path = f"/data/in/{name}"
    assert call("PUT", path, b"abc", op="CREATE").status_code == 201
    assert keys(s3) == [f"in/{name}"]
    assert call("GET", path, op="OPEN").content == b"abc"
    folder, _, last = path.rpartition("/")
    assert (last, "FILE", 3) in listed(call("GET", folder, op="LISTSTATUS"))
    assert call("PUT", path, op="RENAME", destination=f"/data/out/{name}").json() == {"boolean": True}
    assert keys(s3) == [f"out/{name}"]
    assert call("DELETE", f"/data/out/{name}", op="DELETE").json() == {"boolean": True}
    assert keys(s3) == []


def test_bytes_beyond_ascii_may_come_as_they_are(s3: Any, aws: LocalAws) -> None:
    # Java's client sends them so; httpx cannot.
    put(s3, "größe.csv")
    where = urlsplit(aws.endpoint_url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        line = (
            "GET /webhdfs/v1/data/größe.csv?op=GETFILESTATUS&user.name=x HTTP/1.0\r\nHost: localhost\r\n\r\n"
        )
        connection.sendall(line.encode())
        answer = connection.makefile("rb").read()
    assert b'"length": 11' in answer


def test_prefixes_are_directories(s3: Any, call: Call) -> None:
    put(s3, "a/b/c.csv", "a/b.csv", "a/z/y/x.csv", "ab.csv", "a//strange")
    assert listed(call("GET", "/data/a", op="LISTSTATUS")) == [
        ("b", "DIRECTORY", 0),
        ("b.csv", "FILE", 7),
        ("z", "DIRECTORY", 0),
    ]
    assert listed(call("GET", "/data/a/b.csv", op="LISTSTATUS")) == [("", "FILE", 7)]
    assert listed(call("GET", "/", op="LISTSTATUS")) == [("data", "DIRECTORY", 0)]
    status = call("GET", "/data/a/z", op="GETFILESTATUS").json()["FileStatus"]
    assert (status["type"], status["length"]) == ("DIRECTORY", 0)
    batch = call("GET", "/data/a", op="LISTSTATUS_BATCH", startAfter="b").json()["DirectoryListing"]
    assert [e["pathSuffix"] for e in batch["partialListing"]["FileStatuses"]["FileStatus"]] == ["b.csv", "z"]
    summary = call("GET", "/data/a/z", op="GETCONTENTSUMMARY").json()["ContentSummary"]
    assert (summary["length"], summary["fileCount"], summary["directoryCount"]) == (11, 1, 2)


def test_more_files_than_a_page_of_s3_are_listed_and_deleted(s3: Any, call: Call) -> None:
    backend = s3_backends["123456789012"]["aws"]
    for number in range(1001):
        backend.put_object("data", f"many/{number}", b"")
    assert len(listed(call("GET", "/data/many", op="LISTSTATUS"))) == 1001
    assert call("DELETE", "/data/many", op="DELETE", recursive="true").json() == {"boolean": True}
    assert keys(s3) == []


def test_an_empty_directory_is_a_marker(s3: Any, call: Call) -> None:
    assert call("PUT", "/data/new/one", op="MKDIRS").json() == {"boolean": True}
    assert keys(s3) == ["new/one/"]
    assert listed(call("GET", "/data/new/one", op="LISTSTATUS")) == []
    assert call("DELETE", "/data/new/one", op="DELETE").json() == {"boolean": True}
    assert error_of(call("GET", "/data/new", op="LISTSTATUS")) == (404, "FileNotFoundException")


def test_a_directory_is_renamed_with_all_that_is_in_it(s3: Any, call: Call) -> None:
    put(s3, "tmp/0/a", "tmp/0/b/c", "out/old")
    call("PUT", "/data/tmp/0/empty", op="MKDIRS")
    assert call("PUT", "/data/tmp/0", op="RENAME", destination="/data/new").json() == {"boolean": True}
    assert keys(s3) == ["new/a", "new/b/c", "new/empty/", "out/old"]
    # Into a directory that is there, as in HDFS.
    assert call("PUT", "/data/new/a", op="RENAME", destination="/data/out").json() == {"boolean": True}
    assert keys(s3, "out") == ["out/a", "out/old"]


@pytest.mark.parametrize(
    ("source", "target"),
    [("none", "x"), ("a/b", "a"), ("a/b", "c"), ("a", "a/d"), ("a/b", "c/d"), ("a/b", "a/b"), ("", "x")],
)
def test_a_rename_that_cannot_be_says_no(s3: Any, call: Call, source: str, target: str) -> None:
    put(s3, "a/b", "c")
    renamed = call("PUT", f"/data/{source}", op="RENAME", destination=f"/data/{target}").json()
    assert renamed == {"boolean": False}
    assert keys(s3) == ["a/b", "c"]


def test_nothing_is_renamed_to_another_bucket(s3: Any, call: Call) -> None:
    s3.create_bucket(Bucket="other")
    put(s3, "a")
    assert call("PUT", "/data/a", op="RENAME", destination="/other/a").json() == {"boolean": False}


def test_a_file_is_not_replaced_unless_that_is_wanted(s3: Any, call: Call) -> None:
    put(s3, "a", "d/e")
    assert error_of(call("PUT", "/data/a", b"new", op="CREATE", overwrite="false")) == (
        403,
        "FileAlreadyExistsException",
    )
    assert call("PUT", "/data/a", b"new", op="CREATE", overwrite="true").status_code == 201
    assert call("GET", "/data/a", op="OPEN").content == b"new"
    assert error_of(call("PUT", "/data/d", b"", op="CREATE", overwrite="true"))[1] == (
        "FileAlreadyExistsException"
    )
    assert error_of(call("PUT", "/data/a/b", b"", op="CREATE"))[1] == "ParentNotDirectoryException"
    assert error_of(call("PUT", "/data/a/b", op="MKDIRS"))[1] == "ParentNotDirectoryException"


@pytest.mark.parametrize(
    "path",
    [
        "/data/../secret",
        "/data/..",
        "/../etc/passwd",
        "/data/%2e%2e/x",
        "/data/./x",
        "/data//x",
        "/data/a%00b",
    ],
)
@pytest.mark.parametrize(("method", "op"), [("GET", "OPEN"), ("PUT", "CREATE"), ("DELETE", "DELETE")])
def test_no_path_leaves_its_bucket(aws: LocalAws, s3: Any, path: str, method: str, op: str) -> None:
    # Not through httpx.URL, which resolves dots before it sends them.
    where = urlsplit(aws.endpoint_url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        address = f"/webhdfs/v1{path}?op={op}&user.name=x&recursive=true"
        connection.sendall(f"{method} {address} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert b" 400 " in answer.splitlines()[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["RemoteException"]["message"].startswith("The path")


def test_a_bucket_is_not_deleted_and_an_unknown_one_is_not_there(s3: Any, call: Call) -> None:
    put(s3, "a")
    for path in ("/data", "/"):
        assert error_of(call("DELETE", path, op="DELETE", recursive="true")) == (
            403,
            "AccessControlException",
        )
    assert keys(s3) == ["a"]
    assert error_of(call("GET", "/nobody/a", op="OPEN")) == (404, "FileNotFoundException")
    assert error_of(call("PUT", "/nobody/a", b"", op="CREATE")) == (404, "FileNotFoundException")


def test_a_directory_that_is_not_empty_is_deleted_only_with_all_in_it(s3: Any, call: Call) -> None:
    put(s3, "a/b")
    assert error_of(call("DELETE", "/data/a", op="DELETE")) == (403, "IOException")
    assert call("DELETE", "/data/a", op="DELETE", recursive="true").json() == {"boolean": True}
    assert call("DELETE", "/data/a", op="DELETE", recursive="true").json() == {"boolean": False}


@pytest.mark.parametrize(
    ("offset", "length", "part"), [(0, 3, b"012"), (4, None, b"456789"), (8, 99, b"89"), (10, None, b"")]
)
def test_a_part_of_a_file_is_read(s3: Any, call: Call, offset: int, length: int | None, part: bytes) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"0123456789")
    wanted = {"offset": offset} | ({"length": length} if length is not None else {})
    answer = call("GET", "/data/a", op="OPEN", **wanted)
    assert (answer.content, answer.headers["Content-Type"]) == (part, "application/octet-stream")


def test_a_part_behind_the_end_and_a_number_that_is_none_are_refused(s3: Any, call: Call) -> None:
    put(s3, "a")
    assert error_of(call("GET", "/data/a", op="OPEN", offset=2)) == (403, "IOException")
    assert error_of(call("GET", "/data/a", op="OPEN", offset="x")) == (400, "IllegalArgumentException")
    assert error_of(call("GET", "/data", op="OPEN")) == (403, "IOException")


def test_large_files_are_streamed_both_ways(s3: Any, call: Call, aws: LocalAws) -> None:
    block = b"x" * MIB
    process = psutil.Process()
    before = process.memory_info().rss
    blocks = (block for _ in range(200))
    assert call("PUT", "/data/large", blocks, op="CREATE").status_code == 201
    assert s3.head_object(Bucket="data", Key="large")["ContentLength"] == 200 * MIB
    url = f"{aws.endpoint_url}/webhdfs/v1/data/large?op=OPEN&user.name=x"
    size = 0
    with httpx.stream("GET", url, follow_redirects=True) as answer:
        for part in answer.iter_raw():
            size += len(part)
    assert size == 200 * MIB
    assert process.memory_info().rss - before < 80 * MIB


def test_a_task_may_be_silent_while_it_computes(
    s3: Any, call: Call, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestHandler, "timeout", 0.3)

    def slowly() -> Iterator[bytes]:
        yield b"a" * MIB
        time.sleep(0.6)
        yield b"b" * 20 * MIB

    assert call("PUT", "/data/slow", slowly(), op="CREATE").status_code == 201
    url = f"{aws.endpoint_url}/webhdfs/v1/data/slow?op=OPEN&user.name=x"
    with httpx.stream("GET", url, follow_redirects=True) as answer:
        time.sleep(0.6)
        assert len(answer.read()) == 21 * MIB


def test_half_an_upload_is_no_object_and_leaves_nothing(s3: Any, aws: LocalAws) -> None:
    url = f"{aws.endpoint_url}/webhdfs/v1/data/half?op=CREATE&user.name=x"
    where = urlsplit(httpx.put(url).headers["Location"])
    with socket.create_connection((where.hostname, where.port)) as connection:
        head = f"PUT {where.path}?{where.query} HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"a\r\n0123456789\r\na\r\n01234")
        connection.shutdown(socket.SHUT_WR)
        connection.makefile("rb").read()
    assert keys(s3) == []
    assert [
        path for path in aws.home.rglob("*") if path.is_file() and path.read_bytes()[:5] == b"01234"
    ] == []


@pytest.mark.parametrize(
    ("method", "op"),
    [("GET", "GETDELEGATIONTOKEN"), ("POST", "APPEND"), ("PUT", "CREATESYMLINK"), ("GET", "")],
)
def test_what_is_not_offered_says_so(s3: Any, call: Call, method: str, op: str) -> None:
    put(s3, "a")
    assert error_of(call(method, "/data/a", op=op)) == (400, "UnsupportedOperationException")


def test_strangers_browsers_and_the_nameless_are_refused(s3: Any, aws: LocalAws) -> None:
    put(s3, "a")
    url = f"{aws.endpoint_url}/webhdfs/v1/data/a?op=OPEN"
    assert error_of(httpx.get(url)) == (403, "AccessControlException")
    browser = {"Sec-Fetch-Site": "none"}
    assert error_of(httpx.get(f"{url}&user.name=x", headers=browser)) == (403, "AccessControlException")
    stranger = {"Origin": "http://elsewhere.example"}
    assert httpx.put(f"{url}&user.name=x", headers=stranger).status_code == 403


def test_a_bucket_of_this_name_is_still_s3_s(aws: LocalAws) -> None:
    s3 = connect(aws.endpoint_url, "s3")
    s3.create_bucket(Bucket="webhdfs")
    s3.put_object(Bucket="webhdfs", Key="v1/data/a", Body=b"mine")
    assert s3.get_object(Bucket="webhdfs", Key="v1/data/a")["Body"].read() == b"mine"


def test_a_file_is_announced_when_it_is_there(s3: Any, call: Call, client: ClientOf) -> None:
    inbox = Inbox(client, "inbox")
    rule(client, {"Arn": inbox.arn}, pattern={"source": ["aws.s3"]})
    on: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration=on)
    call("PUT", "/data/a", b"kept", op="CREATE")
    event = json.loads(inbox.body())
    assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Created", "a")


def test_files_outlive_the_server(tmp_path: Any) -> None:
    home = {"home": tmp_path / "aws", "images": tmp_path / "images"}
    with LocalAws(**home) as aws:
        connect(aws.endpoint_url, "s3").create_bucket(Bucket="data")
        url = f"{aws.endpoint_url}/webhdfs/v1/data/a?op=CREATE&user.name=x"
        httpx.put(httpx.put(url).headers["Location"], content=b"kept")
    with LocalAws(**home) as aws:
        s3 = connect(aws.endpoint_url, "s3")
        assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"kept"


def test_calls_are_in_the_record_as_those_of_s3(s3: Any, call: Call, aws: LocalAws) -> None:
    put(s3, "main/d/r/a")
    call("GET", "/data/main/d/r/a", op="OPEN")
    call("PUT", "/data/main/d/r/a", op="RENAME", destination="/data/main/d/r/b")
    call("DELETE", "/data/main/d/r/none", op="DELETE")
    call("GET", "/", op="LISTSTATUS")
    folder = "arn:aws:s3:::data/main/d/r/*"
    document = aws.calls.document(None, None)
    assert document is not None
    found = {(e["action"], e["resource"]): e["calls"] for e in document["entries"]}
    assert found["s3:GetObject", folder] == 2
    assert found["s3:DeleteObject", folder] == 2
    assert found["s3:PutObject", folder] == 2
    assert not any(action == "s3:ListAllMyBuckets" for action, _ in found)
