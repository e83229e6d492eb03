"""The folder as it ships: flat beside the shared modules, in the image of the jobs."""

import subprocess

import pytest

from include.bundles import Bundle

IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
REPORT = """
from confidences import histogram
from rates import File, document
from report import Improvement, changes, page
file = File("a", "an EC2 instance", "annecy two instance", "an EC2 instance", True)
plots = {"All words": histogram([0.1, 0.9], 0.4)}
print(page(Improvement("Shipped", document([file], ["EC2"]), plots=plots, changes=changes(file))))
"""


@pytest.fixture
def shipped(tmp_path):
    Bundle.of_job("speech", "pages").write(tmp_path / "code")
    return tmp_path / "code"


def run(python, folder, *arguments):
    environment = {"PYTHONPATH": str(folder), "MPLCONFIGDIR": str(folder.parent)}
    done = subprocess.run(
        [python, "-c", *arguments], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_is_importable(speech_python, shipped):
    names = sorted(path.stem for path in shipped.glob("*.py"))
    assert {"failure", "report", "transcripts"} <= set(names)
    run(speech_python, shipped, IMPORT, *names)


def test_a_report_finds_its_template_and_style(speech_python, shipped):
    html = run(speech_python, shipped, REPORT)
    assert "<h1>Shipped</h1>" in html
    assert "data:image/png;base64,iVBORw0KGgo" in html
