"""The page of a feature group as a person uses it: its form is let through by its own policy."""

import pytest

from local.aws.pages.frame import FEATURE_GROUPS
from local.aws.server import LocalAws
from tests.chromium import launched, pictures
from tests.local.conftest import connect

FEATURES = {"user_id": "String", "event_time": "String", "minutes": "Fractional", "city": "String"}
CITY = "Zürich & <b>Bern</b>"


@pytest.fixture
def aws(tmp_path):
    with LocalAws(tmp_path / "aws", tmp_path / "images") as server:
        connect(server.endpoint_url, "sagemaker").create_feature_group(
            FeatureGroupName="local-main-amp-user",
            RecordIdentifierFeatureName="user_id",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[{"FeatureName": n, "FeatureType": t} for n, t in FEATURES.items()],
            OnlineStoreConfig={"EnableOnlineStore": True},
        )
        yield server


def test_a_record_is_looked_up_by_the_form(aws, tmp_path):
    with launched() as browser:
        page = browser.new_page()
        page.goto(f"{aws.endpoint_url}{FEATURE_GROUPS}local-main-amp-user")
        page.get_by_text("Created", exact=True).wait_for()
        records = connect(aws.endpoint_url, "sagemaker-featurestore-runtime")
        for number in range(25):
            values = (f"user-{number}", f"2026-01-01T00:00:{number:02}Z", f"{number}.5", CITY)
            record = [{"FeatureName": n, "ValueAsString": v} for n, v in zip(FEATURES, values, strict=True)]
            records.put_record(FeatureGroupName="local-main-amp-user", Record=record)
        page.get_by_role("textbox").fill("user-3")
        page.get_by_role("button", name="Look up").click()
        page.get_by_role("cell", name="3.5", exact=True).wait_for()
        file = pictures(tmp_path) / "feature-group.png"
        page.screenshot(path=file, full_page=True)

        assert page.get_by_role("cell", name=CITY, exact=True).count() == 1
        assert page.get_by_role("textbox").input_value() == "user-3"
        page.get_by_role("link", name="user-24", exact=True).click()
        page.get_by_role("cell", name="24.5", exact=True).wait_for()
        assert page.url.endswith("?record=user-24#record")
