"""The modules of bias, asked in the image that has SciPy, and its script as SageMaker runs it."""

import json
from types import SimpleNamespace

import pytest

from tests.include.jobs.conftest import REPOSITORY, SHARED, interpreter
from tests.include.jobs.speech.in_image import Image

FOLDERS = [SHARED, SHARED.parent / "pages", SHARED.parent / "bias"]
MODULES = [
    *("json", "math", "numpy", "pathlib", "analysis_config", "bias", "choices", "comparisons", "csv_columns"),
    *("flip_test", "posttraining", "pretraining"),
]
REAL = REPOSITORY.parent / "shared" / "data" / "adult" / "adult.data"
ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country"),
    "income",
]


@pytest.fixture(scope="session")
def image():
    with Image(interpreter("sklearn"), FOLDERS, MODULES) as made:
        yield made


@pytest.fixture
def adult(tmp_path):
    """The UCI data without the rows that have a question mark, where this machine has it."""
    if not REAL.is_file():
        pytest.skip("the UCI Adult data is not at ../shared/data/adult/adult.data")
    lines = [line for line in REAL.read_text().splitlines(keepends=True) if line.strip() and "?" not in line]
    file = tmp_path / "adult.csv"
    file.write_text("".join(lines))
    return file


def config(**fields):
    """An analysis of the label y, where 1 is positive, and of the group d of the facet f."""
    base = {
        "dataset_type": "text/csv",
        "label": "y",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "f", "value_or_threshold": ["d"]}],
        "methods": {"pre_training_bias": {"methods": "all"}},
    }
    return {**base, **fields}


@pytest.fixture
def measured(image, tmp_path):
    """The document of an analysis, by facet, group and metric, asked without a process of its own."""

    def measure(content, **fields):
        data = content if hasattr(content, "read_text") else tmp_path / "data.csv"
        if data != content:
            data.write_bytes(content if isinstance(content, bytes) else content.encode())
        made = "bias.measure(pathlib.Path(data), analysis_config.AnalysisConfig.of(config))"
        found = image(
            f"(lambda a: [a.document(), dict(a.left_out)])({made})", data=str(data), config=config(**fields)
        )
        document, left_out = found
        metrics = {
            (facet, group["value_or_threshold"], metric["name"]): metric
            for section in document.values()
            if isinstance(section, dict)
            for facet, groups in section["facets"].items()
            for group in groups
            for metric in group["metrics"]
        }
        values = {key: metric["value"] for key, metric in metrics.items()}
        return SimpleNamespace(document=document, metrics=metrics, values=values, left_out=left_out)

    return measure


@pytest.fixture
def script(page_step, tmp_path):
    """``bias.py`` on a CSV and a configuration, in a process."""

    def measure(content, *options, **fields):
        (tmp_path / "data.csv").write_text(content)
        file = tmp_path / "analysis_config.json"
        file.write_text(json.dumps(config(**fields)))
        return page_step("bias.py", "--data", tmp_path / "data.csv", "--config", file, *options, output="out")

    return measure
