"""The direction of imports: ``dags -> millrace -> include``, and nothing of ours into a job's script."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"bench", "dags", "include", "local", "millrace", "millrace_plugin", "tests"}
NOT_FOR_AIRFLOW = {"autogluon", "great_expectations", "horovod", "pyspark", "sklearn", "torch", "xgboost"}


def test_every_module_of_the_repository_keeps_the_direction_of_imports():
    broken = [
        f"{file.relative_to(ROOT)}: {sentence}"
        for folder in ("dags", "include", "local", "plugins")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for sentence in violations(file.relative_to(ROOT), file.read_text())
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("include/naming.py", "import airflow", "airflow"),
        ("include/naming.py", "from millrace.jobs import KINDS", "millrace.jobs"),
        ("include/pipelines/abalone.py", "from airflow.sdk import dag", "airflow.sdk"),
        ("include/pipelines/abalone.py", "from include.jobs.abalone import train", "include.jobs.abalone"),
        ("include/gates.py", "from include.images import entrypoint", "include.images"),
        ("include/naming.py", "def name():\n    import local.aws", "local.aws"),
        ("include/jobs/abalone/train.py", "from include.naming import digest", "include.naming"),
        ("include/jobs/abalone/train.py", "import airflow", "airflow"),
        ("include/jobs/abalone/train.py", "from ..other import rows", "..other"),
        ("include/images/entrypoint/sm.py", "from include.settings import settings", "include.settings"),
        ("include/functions/pit_features/keys.py", "from include.naming import digest", "include.naming"),
        ("plugins/millrace/jobs.py", "from local.stack import lifecycle", "local.stack"),
        ("plugins/millrace/jobs.py", "from include.pipelines import abalone", "include.pipelines"),
        ("plugins/millrace/jobs.py", "import dags.abalone", "dags.abalone"),
        ("plugins/millrace/jobs.py", "import xgboost", "xgboost"),
        ("dags/abalone.py", "from include.naming import digest", "include.naming"),
        ("dags/abalone.py", "import include.pipelines, local.aws", "local.aws"),
        ("dags/abalone.py", "import dags.other", "dags.other"),
        ("local/cli/run.py", "from airflow.sdk import dag", "airflow.sdk"),
        ("local/cli/run.py", "from millrace.jobs import KINDS", "millrace.jobs"),
        ("local/aws/server.py", "from local.stack import lifecycle", "local.stack"),
        ("local/stack/ports.py", "from local.cli import app", "local.cli"),
        ("local/stack/ports.py", "import pyspark", "pyspark"),
    ],
)
def test_a_planted_violation_is_found(path, source, expected):
    [sentence] = violations(Path(path), source)
    assert expected in sentence


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("dags/abalone.py", "from include.pipelines import abalone\nfrom millrace.params import s3_uri"),
        (
            "plugins/millrace/jobs.py",
            "from airflow.sdk import BaseOperator\nfrom include.naming import digest",
        ),
        ("include/jobs/abalone/train.py", "import xgboost\nfrom rows import read"),
        ("include/images/entrypoint/sm.py", "import entrypoint.config"),
        ("local/cli/run.py", "from include.naming import run_slug\nfrom local.stack import lifecycle"),
    ],
)
def test_what_is_allowed_is_not_reported(path, source):
    assert violations(Path(path), source) == []


def violations(path: Path, source: str) -> list[str]:
    """What a module of the repository imports and must not."""
    return [
        f"imports {module}, which {reason}"
        for module in imported(path, source)
        if (reason := refused(path, module))
    ]


def imported(path: Path, source: str) -> Iterator[str]:
    """Modules named by every import statement, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            known = f"{node.module}." if node.level == 0 and node.module in {"include", "local"} else None
            yield from ([known + alias.name for alias in node.names] if known else [module])


def refused(path: Path, module: str) -> str | None:
    """Why a module may not be imported there, or nothing when it may."""
    top = module.partition(".")[0]
    if path.parts[:2] in {("include", kind) for kind in ("functions", "images", "jobs")}:
        alone = top not in OURS | {"airflow"} and not module.startswith("..")
        return None if alone else "is not there when the folder ships alone"
    reasons = {
        "belongs into a job's image": top in NOT_FOR_AIRFLOW,
        "is Airflow's side": top == "airflow" and path.parts[0] in {"include", "local"},
        "runs inside a container": path.parts[0] != "local"
        and module.startswith(("include.functions", "include.jobs", "include.images")),
        f"is not below {path.parts[0]}": top in OURS and not below(path, module),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def below(path: Path, module: str) -> bool:
    """Whether a module of ours is one that the path's folder builds upon."""
    top, _, rest = module.partition(".")
    match path.parts[0]:
        case "dags":
            return top == "millrace" or rest.startswith("pipelines")
        case "plugins":
            return top == "millrace" or (top == "include" and not rest.startswith("pipelines"))
        case "include":
            return top == "include"
        case _:
            return top == "include" or (top == "local" and local_layers(path, rest))


def local_layers(path: Path, rest: str) -> bool:
    """The server knows nothing of the stack, the stack nothing of the command line."""
    layers = ["aws", "stack", "cli"]
    mine, theirs = path.parts[1], rest.partition(".")[0]
    if mine not in layers or theirs not in layers:
        return True
    return layers.index(theirs) <= layers.index(mine)


def test_the_rules_name_only_modules_that_are_not_in_the_standard_library():
    assert not (OURS | NOT_FOR_AIRFLOW) & set(sys.stdlib_module_names)
