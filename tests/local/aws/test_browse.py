"""The pages for a person's browser: objects and folders, nothing outside, nothing that can act."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import psutil
import pytest

from local.aws.pages.frame import OBJECTS as ROOT
from local.aws.pages.objects import address, content_type
from local.aws.server import LocalAws

ClientOf = Callable[..., Any]
MIB = 1 << 20
NAMES = [
    "plain.json",
    "with space/a b.json",
    "ünïcode/日本語.csv",
    "a+b&c=d?e#f;g",
    "percent%20/100%",
    "%2e%2e/%2F",
    "dots/../x",
    "../../../../etc/passwd",
    "./.",
    "/leading",
    "//two//inside",
    "folder/marker/",
    "<b>bold</b>/\"quote'.html",
    "line\nbreak\ttab",
    "data:text/html,x",
    "..",
    "http://elsewhere.example/x",
]


@pytest.fixture
def s3(client: ClientOf) -> Any:
    s3 = client("s3")
    s3.create_bucket(Bucket="data")
    return s3


@pytest.fixture
def get(aws: LocalAws) -> Callable[..., httpx.Response]:
    """Asks for a path or address as a browser does: resolved, and as an anonymous."""
    return lambda path, **options: httpx.get(urljoin(aws.endpoint_url, path), **options)


def links(page: httpx.Response) -> dict[str, str]:
    """Address and text of each link of the table."""
    table = page.text.partition("</nav>")[2]
    found = re.findall(r'<a href="([^"]*)">([^<]*)</a>', table)
    return {html.unescape(where): html.unescape(text) for where, text in found}


def resolved(path: str) -> str:
    """What a browser requests: it resolves dot segments, encoded ones too."""
    parts = urlsplit(path)
    segments: list[str] = []
    for segment in parts.path.split("/")[1:]:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            segments = segments[:-1]
        elif plain != ".":
            segments.append(segment)
    return f"/{'/'.join(segments)}{f'?{parts.query}' if parts.query else ''}"


@pytest.mark.parametrize("name", NAMES)
def test_an_object_of_any_name_is_found_by_following_links(
    s3: Any, get: Callable[..., httpx.Response], name: str
) -> None:
    s3.put_object(Bucket="data", Key=name, Body=name.encode())
    s3.put_object(Bucket="data", Key="other", Body=b"another")

    pages, seen = [ROOT], set()
    bodies = []
    while pages:
        where = pages.pop()
        answer = get(resolved(where))
        seen.add(where)
        assert answer.status_code == 200, where
        if "inline" in answer.headers.get("Content-Disposition", ""):
            bodies.append(answer.content)
        else:
            pages += set(links(answer)) - seen

    assert sorted(bodies) == sorted([name.encode(), b"another"])


@pytest.mark.parametrize("name", ["a b/ü%20.json", "/lead//x", "%2e%2e/x"])
def test_the_address_of_an_object_is_its_quoted_name(
    s3: Any, get: Callable[..., httpx.Response], name: str
) -> None:
    s3.put_object(Bucket="data", Key=name, Body=b"here")

    assert get(f"{ROOT}data/{quote(name)}").content == b"here"


@pytest.mark.parametrize(
    ("name", "stored", "shown"),
    [
        ("index.html", None, "text/html; charset=utf-8"),
        ("residuals.png", None, "image/png"),
        ("part-00000.csv", None, "text/csv; charset=utf-8"),
        ("metrics.json", None, "application/json"),
        ("metrics.json", "application/octet-stream", "application/json"),
        ("answer", "application/json", "application/json"),
        ("page.html", "text/plain", "text/plain"),
        ("model.tar.gz", None, "application/octet-stream"),
        ("_SUCCESS", None, "application/octet-stream"),
    ],
)
def test_the_type_is_what_s3_says_or_what_the_name_says(
    s3: Any, get: Callable[..., httpx.Response], name: str, stored: str | None, shown: str
) -> None:
    s3.put_object(Bucket="data", Key=name, Body=b"x", **({"ContentType": stored} if stored else {}))

    assert get(f"{ROOT}data/{name}").headers["Content-Type"] == shown


def test_a_stored_type_that_is_none_is_not_repeated() -> None:
    assert content_type("x.png", "text/html\r\nX-Injected: 1") == "image/png"
    assert content_type("data:text/html,x", "") == "application/octet-stream"


def test_an_object_is_streamed(s3: Any, get: Callable[..., httpx.Response], aws: LocalAws) -> None:
    part = bytes(MIB)
    size = 192 * MIB
    upload = s3.create_multipart_upload(Bucket="data", Key="big")["UploadId"]
    tags = [
        s3.upload_part(Bucket="data", Key="big", UploadId=upload, PartNumber=number, Body=part * 64)["ETag"]
        for number in (1, 2, 3)
    ]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    s3.complete_multipart_upload(Bucket="data", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    process = psutil.Process()
    before, most, received = process.memory_info().rss, 0, 0
    with httpx.stream("GET", f"{aws.endpoint_url}{ROOT}data/big") as answer:
        assert answer.headers["Content-Length"] == str(size)
        for block in answer.iter_raw():
            received += len(block)
            most = max(most, process.memory_info().rss)

    assert received == size
    assert most - before < size // 2


def test_what_a_job_wrote_can_do_nothing(s3: Any, get: Callable[..., httpx.Response], aws: LocalAws) -> None:
    s3.put_object(Bucket="data", Key="page.html", Body=b"<script>1</script>", ContentType="text/html")

    answer = get(f"{ROOT}data/page.html")

    policy = {
        part.split()[0]: part.split()[1:] for part in answer.headers["Content-Security-Policy"].split(";")
    }
    assert policy["default-src"] == ["'none'"]
    assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & set(policy["sandbox"])
    assert "script-src" not in policy
    # A path that ends with a slash stands for all below it, and for nothing else of this server.
    assert f"{aws.endpoint_url}{ROOT}" in policy["img-src"]
    assert all(source == "data:" or urlsplit(source).path == ROOT for source in policy["img-src"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_cannot_lead_a_browser_to_an_api(
    aws: LocalAws, client: ClientOf, get: Callable[..., httpx.Response]
) -> None:
    queue = client("sqs").create_queue(QueueName="safe")["QueueUrl"]
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    answer = get(f"/sqs_us-east-1/?Action=DeleteQueue&QueueUrl={quote(queue, safe='')}", headers=led)

    assert answer.status_code == 403
    assert client("sqs").list_queues()["QueueUrls"] == [queue]


def test_a_link_from_another_page_opens_an_object(s3: Any, get: Callable[..., httpx.Response]) -> None:
    s3.put_object(Bucket="data", Key="plot.png", Body=b"png")
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "plot.png"})
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert get(f"{ROOT}data/plot.png", headers=led).content == b"png"
    assert get(signed, headers=led).content == b"png"


@pytest.mark.parametrize(
    "headers", [{"Host": "attacker.example"}, {"Origin": "https://a.example"}, {"Origin": "null"}]
)
def test_it_is_for_this_machine(s3: Any, get: Callable[..., httpx.Response], headers: dict[str, str]) -> None:
    assert get(f"{ROOT}data/", headers=headers).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_reads(s3: Any, aws: LocalAws, method: str) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"a")

    answer = httpx.request(method, f"{aws.endpoint_url}{ROOT}data/a")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"a"


@pytest.mark.parametrize("path", ["a.json", "folder/", ""])
def test_head_is_get_without_the_body(s3: Any, aws: LocalAws, path: str) -> None:
    s3.put_object(Bucket="data", Key="a.json", Body=b"{}")
    s3.put_object(Bucket="data", Key="folder/x", Body=b"x")
    with httpx.Client(base_url=aws.endpoint_url) as browser:
        full, head = browser.get(f"{ROOT}data/{path}"), browser.head(f"{ROOT}data/{path}")

    assert head.content == b""
    for name in ("Content-Type", "Content-Length"):
        assert head.headers[name] == full.headers[name]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (ROOT.rstrip("/"), None),
        (f"{ROOT}data", f"{ROOT}data/"),
        (f"{ROOT}data/a%20b%25", f"{ROOT}data/a%20b%25/"),
        (f"{ROOT}data//host.example", f"{ROOT}data//host.example/"),
    ],
)
def test_a_folder_has_a_slash(
    s3: Any, get: Callable[..., httpx.Response], path: str, location: str | None
) -> None:
    for key in ("a b%/x", "/host.example/x"):
        s3.put_object(Bucket="data", Key=key, Body=b"x")

    answer = get(path)

    assert (answer.status_code, answer.headers.get("Location")) == (
        (302, location) if location else (200, None)
    )


@pytest.mark.parametrize(
    "path", ["nowhere/", "data/none", "data/none/", "data/deleted", "data/?key=none", "/x"]
)
def test_what_is_missing_is_one_sentence(s3: Any, get: Callable[..., httpx.Response], path: str) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="data", Key="deleted", Body=b"x")
    s3.delete_object(Bucket="data", Key="deleted")

    answer = get(f"{ROOT}{path}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.fullmatch(r"There is no [^\n]+\.\n", answer.text)


def test_a_listing_shows_folders_first_and_escapes(s3: Any, get: Callable[..., httpx.Response]) -> None:
    for key in ("run/a.json", "run/<script>alert(1)</script>", "run/z/deep/x", "run/b/x"):
        s3.put_object(Bucket="data", Key=key, Body=bytes(2048))

    page = get(f"{ROOT}data/run/")

    assert list(links(page).values()) == ["<script>alert(1)</", "b/", "z/", "a.json"]
    assert "<script>" not in page.text
    assert "2.0 KiB" in page.text
    up = page.text.partition("</nav>")[0]
    assert [f'href="{where}"' in up for where in (ROOT, f"{ROOT}data/")] == [True, True]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_listing_goes_on_on_the_next_page(s3: Any, get: Callable[..., httpx.Response]) -> None:
    for number in range(1003):
        s3.put_object(Bucket="data", Key=f"run/{number:04} ü&.txt", Body=b"")

    first = get(f"{ROOT}data/run/")
    *rows, more = links(first)
    second = get(more)

    assert len(rows) == 1000
    assert list(links(second).values()) == [f"{number} ü&.txt" for number in (1000, 1001, 1002)]
    assert "next page" not in second.text


def test_an_empty_bucket_has_a_page(s3: Any, get: Callable[..., httpx.Response]) -> None:
    assert "Nothing is here" in get(f"{ROOT}data/").text


@pytest.mark.parametrize("name", NAMES)
def test_an_address_stays_below_the_pages_in_a_browser(name: str) -> None:
    for is_object in (True, False):
        assert resolved(address("data", name, is_object=is_object)).startswith(f"{ROOT}data/")
