"""Airflow's pages as a person sees them: headless Chromium, a picture kept.

Pictures go to a temporary folder, or to the one that MILLRACE_PICTURES names.
"""

import time
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.chromium import launched, pictures

DAG = "income_bias"
"""The quickest pipeline that trains."""
PATIENCE = 30_000
"""Milliseconds for what Airflow shows once its page is there."""


@contextmanager
def logged_in(stack):
    """A page of a browser that has logged in."""
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{stack.airflow_url}/auth/login")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(stack.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/auth/" not in url)
        page.wait_for_load_state("networkidle")
        yield page


@pytest.fixture(scope="module")
def dag(stack):
    """The address of the pipeline's page, once Airflow has read its file."""
    with stack.api() as api:
        while api.get(f"/dags/{DAG}").status_code == 404:
            time.sleep(1)
    return f"{stack.airflow_url}/dags/{DAG}"


@pytest.fixture(scope="module")
def finished(stack, dag):
    """A run of the sample that the form has started, once it is over."""
    with logged_in(stack) as page:
        page.goto(dag)
        page.get_by_role("button", name="Trigger").first.click()
        expect(page.get_by_text("Boosting rounds.")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name="Trigger").last.click()
        page.wait_for_url("**/runs/manual__*")
        run_id = unquote(page.url.rpartition("/runs/")[2])
    return stack.ended(DAG, run_id)


@pytest.fixture
def page(stack):
    with logged_in(stack) as page:
        yield page


@pytest.fixture
def keep(page, tmp_path):
    """Takes a picture of the page, which must not be blank."""
    folder = pictures(tmp_path)

    def picture(name: str) -> None:
        file = folder / f"{name}.png"
        page.screenshot(path=file)
        assert file.stat().st_size > 20_000

    return picture


def test_the_form_shows_params_with_their_descriptions(dag, page, keep):
    page.goto(dag)
    page.get_by_role("button", name="Trigger").first.click()
    for description in ("Boosting rounds.", "Over this probability a high income is predicted."):
        expect(page.get_by_text(description)).to_be_visible(timeout=PATIENCE)
    keep(f"{DAG}-form")


def test_the_form_starts_a_run(finished):
    assert (finished["state"], finished["triggered_by"]) == ("success", "ui")


def test_the_run_is_shown_with_every_task(dag, finished, page, keep):
    page.goto(f"{dag}/runs/{finished['dag_run_id']}")
    for task in ("prepare", "train", "predict", "measure", "check"):
        expect(page.get_by_text(task).first).to_be_visible(timeout=PATIENCE)
    keep(DAG)


def test_a_task_links_to_its_job_which_shows_its_log(dag, finished, page, keep):
    page.goto(f"{dag}/runs/{finished['dag_run_id']}/tasks/train/details")
    links = {name: page.get_by_role("link", name=name, exact=True) for name in ("Job", "Job log", "Output")}
    page.goto(links["Job log"].get_attribute("href"))
    expect(page.locator("pre:visible", has_text="train-auc").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=PATIENCE)
    keep("job")


def test_the_request_that_was_sent_is_shown(dag, finished, page, keep):
    page.goto(f"{dag}/runs/{finished['dag_run_id']}/tasks/train/rendered_templates")
    expect(page.get_by_text("TrainingImage").first).to_be_visible(timeout=PATIENCE)
    keep(f"{DAG}-request")
