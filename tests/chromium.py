"""A headless Chromium that calls nobody outside, for the tests of pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser; skips the test where there is none."""
    if PROGRAM is None:
        pytest.skip("no Chromium is installed (Debian: chromium)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=[*OFFLINE, "--no-sandbox"])
        yield browser
        browser.close()


def pictures(otherwise: Path) -> Path:
    """The folder that MILLRACE_PICTURES names, or another one."""
    return Path(os.environ.get("MILLRACE_PICTURES", otherwise))
