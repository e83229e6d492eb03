"""Fixtures for everything. Airflow gets a home of its own before anything imports it."""

import atexit
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

REPO = Path(__file__).parents[1]
HOME = tempfile.mkdtemp(prefix="millrace-tests-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

DEPLOYMENT = {
    "MILLRACE_BUCKET": "millrace-test",
    "MILLRACE_ROLE_ARN": "arn:aws:iam::123456789012:role/millrace-test",
    "MILLRACE_EVENTS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:millrace-test-events",
    "MILLRACE_FAILURES_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:millrace-test-failures",
}
"""A deployment that does not exist: whoever calls AWS with it has to start one."""

os.environ.update(DEPLOYMENT)
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__DAGS_FOLDER=str(REPO / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(REPO / "plugins"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
)
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

import functools  # noqa: E402

import botocore.session  # noqa: E402
import pytest  # noqa: E402
from xdist.scheduler import LoadScopeScheduling  # noqa: E402

from include.run import Run  # noqa: E402
from include.settings import Settings  # noqa: E402
from tests.stack import running  # noqa: E402

# Each of Airflow's hooks has a session of its own, which parses the models of its services anew. A task has
# two or three; a process of tests has hundreds.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def run(settings) -> Run:
    return Run(settings, "abalone", "manual__1", datetime(2026, 1, 1, tzinfo=UTC), {})


class ByFixtures(LoadScopeScheduling):
    """Shares tests out so that no process makes again what another has made.

    Jobs and images have fixtures of a session in their folders' conftest.py, Spark runs among them; all of
    chaos is played on one stack; everything else has fixtures of modules.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return file.rpartition("/")[0] if file.startswith(("tests/include/", "tests/chaos/")) else file


def pytest_xdist_make_scheduler(config, log):
    return ByFixtures(config, log)


def pytest_collection_modifyitems(items):
    """Tests on the running stack come last and together: Airflow takes a fifth of a core while it waits."""
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """A running stack; with MILLRACE_DATABASE_URL its Airflow uses that database."""
    with running(tmp_path_factory.mktemp("stack") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory):
    """A running stack of the module's own, for what would be in the way of others."""
    with running(tmp_path_factory.mktemp("own-stack") / "home") as made:
        yield made
