"""The pages of feature groups: what each is, what it has, and any record by its identifier."""

import html
import re
from urllib.parse import urljoin

import httpx
import pytest

from local.aws.pages.frame import FEATURE_GROUPS
from local.aws.services.sagemaker import feature_groups
from tests.local.aws.feature_store.conftest import TODAY, TOMORROW

NASTY = "</td><script>alert('1')</script>&\"?#/%2F"


@pytest.fixture
def get(server):
    return lambda path="", **options: httpx.get(
        urljoin(f"{server.endpoint_url}{FEATURE_GROUPS}", path), **options
    )


def facts(page):
    """Names and values of the tables that have one of each in a row, without their tags."""
    return _pairs(page.text.partition('<section id="record">')[0] + page.text.partition("</section>")[2])


def record(page):
    """Features and values of the record that was looked up."""
    return _pairs(page.text.partition('<section id="record">')[2].partition("</section>")[0])


def _pairs(text):
    rows = re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", text, re.DOTALL)
    return {html.unescape(name): html.unescape(re.sub(r"<.*?>", "", value)) for name, value in rows}


def links(page):
    """Texts and addresses below the way to the page."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page.text.partition("</nav>")[2])
    return {html.unescape(text): html.unescape(where) for where, text in found}


def test_a_group_is_shown_with_all_that_is_known(groups, get, name, flush):
    tags = {"dag": "amp", "run": "manual__2026-01-01T00:00:00+00:00", "task": "user", "note": NASTY}
    described = groups.make(
        name,
        Description=NASTY[:128],
        OnlineStoreConfig={"EnableOnlineStore": True, "TtlDuration": {"Unit": "Weeks", "Value": 9000}},
        Tags=[{"Key": f"millrace:{key}", "Value": value} for key, value in tags.items()],
    )
    groups.put(name, "u1", sessions="3")
    flush()

    page = get(name)
    shown, to = facts(page), links(page)

    assert page.status_code == 200
    assert '<span class="status good">Created</span>' in page.text
    assert shown["ARN"] == described["FeatureGroupArn"]
    assert (shown["Record identifier"], shown["Event time feature"]) == ("user_id", "event_time")
    assert (shown["minutes"], shown["sessions"], shown["city"]) == ("Fractional", "Integral", "String")
    assert shown["Online store"] == "1 record, each until 9000 weeks after its event time"
    assert shown["Description"] == shown["millrace:note"] == NASTY
    offline = described["OfflineStoreConfig"]
    assert shown["Table"] == f"sagemaker_featurestore.{offline['DataCatalogConfig']['TableName']}"
    folder = get(to[f"{offline['S3StorageConfig']['ResolvedOutputS3Uri']}/"])
    assert (folder.status_code, "year=" in folder.text) == (200, True)
    assert to["amp"] == "/_millrace/jobs/?dag=amp"
    assert "<script" not in page.text
    assert "http-equiv" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith(f"{FEATURE_GROUPS}")
    assert "script-src" not in policy


def test_the_newest_records_lead_to_what_they_hold(groups, get, name):
    groups.make(name)
    for number in range(30):
        groups.put(name, f"u{number}", f"2026-01-01T00:00:{number:02}Z", city=f"city {number}")
    groups.put(name, NASTY, TOMORROW, city=NASTY)

    page = get(name)
    newest = re.findall(r'\?record=[^"]*">([^<]*)</a></td><td class="time">([^<]*)<', page.text)
    nasty, one = get(links(page)[NASTY]), get(links(page)["u29"])

    assert facts(page)["Online store"] == "31 records"
    assert "The newest 20 records" in page.text
    assert [html.unescape(identifier) for identifier, _ in newest] == [
        NASTY,
        *(f"u{number}" for number in range(29, 10, -1)),
    ]
    assert newest[0][1] == TOMORROW
    assert record(one)["city"] == "city 29"
    assert (record(nasty)["user_id"], record(nasty)["city"]) == (NASTY, NASTY)
    assert f'value="{html.escape(NASTY).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")}"' in nasty.text
    assert "<script" not in nasty.text


def test_a_record_is_looked_up_by_its_identifier(groups, get, name):
    groups.make(name)
    groups.put(name, "old", TODAY, city="Bern")
    groups.put(name, "gone", TODAY)
    groups.records.delete_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="gone", EventTime=TOMORROW
    )
    groups.put(name, "late", TODAY, TtlDuration={"Unit": "Seconds", "Value": 1})

    assert record(get(name, params={"record": "old"})) == {
        "user_id": "old",
        "event_time": TODAY,
        "city": "Bern",
    }
    for missing in ("gone", "late", "never", NASTY):
        page = get(name, params={"record": missing})
        assert f"There is no record {missing}." in html.unescape(page.text)
        assert record(page) == {}
        assert "<script" not in page.text
    assert facts(get(name))["Online store"] == "1 record"


def test_stores_that_a_group_has_not_are_named(groups, get, name):
    groups.make(name, OnlineStoreConfig=None)
    groups.make(f"{name[:40]}-online", OfflineStoreConfig=None)

    offline, online = get(name), get(f"{name[:40]}-online")

    assert facts(offline)["Online store"] == "none"
    assert "<form" not in offline.text
    assert facts(online)["Offline store"] == "none"
    assert "Table" not in facts(online)
    assert facts(online)["Online store"] == "0 records"


def test_a_group_that_could_not_be_made_begins_with_the_reason(groups, get, name):
    groups.make(name, OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://not-there/x"}})

    page = get(name)

    assert (
        page.text.partition("</nav>")[2]
        .strip()
        .startswith('<p class="reason">ValidationException: The S3 bucket not-there')
    )
    assert '<span class="status bad">CreateFailed</span>' in page.text


def test_a_group_that_is_made_is_asked_for_again(groups, get, name, monkeypatch):
    monkeypatch.setattr(feature_groups, "SETTLING_SECONDS", 3600)
    groups.sagemaker.create_feature_group(**groups.request(name))

    page = get(name)

    assert '<span class="status running">Creating</span>' in page.text
    assert re.search(r'<meta http-equiv="refresh" content="\d">', page.text)


def test_all_groups_are_listed(groups, get, name):
    names = [f"{name}-b", f"{name}-a"]
    for each in names:
        groups.make(each)

    page = get()
    listed = [text for text, where in links(page).items() if where.startswith(FEATURE_GROUPS)]

    assert [each for each in listed if each in names] == sorted(names)
    assert get(links(page)[names[0]]).status_code == 200
    assert "online, offline" in page.text


def test_what_is_missing_is_named(get):
    answer = get("%3Cb%3E")

    assert (answer.status_code, answer.text) == (404, "There is no feature group '<b>'.\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_they_only_read(groups, server, name, method):
    groups.make(name)

    assert httpx.request(method, f"{server.endpoint_url}{FEATURE_GROUPS}{name}").status_code == 405
    assert groups.settled(name)["FeatureGroupStatus"] == "Created"


@pytest.mark.parametrize("headers", [{"Host": "attacker.example"}, {"Origin": "https://a.example"}])
def test_they_are_for_this_machine(get, headers):
    assert get(headers=headers).status_code == 403
