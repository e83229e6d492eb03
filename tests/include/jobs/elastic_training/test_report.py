"""The page of an elastic training, built as it ships; what was not measured is left out of it."""

import csv
import json

import pytest

PICTURES = ("training", "utilisation", "bandwidth", "scaling")
RANKS = (3, 3, 2, 3)


def history():
    """Four epochs, of which one had a rank less."""
    return [
        {
            "epoch": epoch,
            "train_loss": 2.0 / epoch,
            "validation_accuracy": 1 - 0.5 / epoch,
            "seconds": 10.0 + 5 * (ranks == 2),
            "world_size": ranks,
        }
        for epoch, ranks in enumerate(RANKS, 1)
    ]


def documents():
    """What the jobs leave, by path: JSON, or rows of a table."""
    sizes = [{"bytes": 1024 * 2**step, "bus_gb_per_second": 0.02 * step} for step in range(16)]
    preflight = {"average_gb_per_second": 0.15, "maximum_gb_per_second": 0.3, "ranks": 3, "sizes": sizes}
    samples = [("time", "device", "percent")]
    samples += [(1_700_000_000 + second, "gpu0", 80 if second % 2 else 60) for second in range(60)]
    # Its pod is started again after a minute.
    restarted = [*samples[:31], *((1_700_000_100 + n, "gpu0", 100) for n in range(30))]
    return {
        "training/history.json": history(),
        "training/metrics.json": {"accuracy": 0.875, "steps": 100},
        "training/utilisation/train-worker-0.csv": samples,
        "training/utilisation/train-worker-1.csv": restarted,
        "preflight/metrics.json": preflight | {"backend": "gloo", "adapters": 0, "provider": "<b>socket</b>"},
        **{
            f"scaling/{replicas}/metrics.json": {
                "world_sizes": [8 * replicas],
                "mean_epoch_seconds": seconds,
            }
            for replicas, seconds in ((1, 100.0), (2, 55.0), (10, 12.5))
        },
    }


@pytest.fixture
def report(page_step, tmp_path):
    """Reports on the documents of these folders, some of them other than usual."""

    def run(*folders, **changes):
        chosen = {name: each for name, each in documents().items() if name.startswith(folders)}
        for name, content in (chosen | changes).items():
            file = tmp_path / "in" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".csv"):
                with file.open("w", newline="") as table:
                    csv.writer(table).writerows(content)
            else:
                file.write_text(content if isinstance(content, str) else json.dumps(content))
        return page_step("report.py", "--input", tmp_path / "in", output="report")

    return run


def page(done):
    assert done.reason is None
    return (done.folder / "report.html").read_text()


def test_everything_that_was_measured_is_told_and_drawn(report):
    done = report("training", "preflight", "scaling")
    found = page(done)
    assert done.metrics == {
        "accuracy": 0.875,
        "steps": 100,
        "epochs": 4,
        "mean_epoch_seconds": 11.25,
        "scaling_replicas": 10,
        "scaling_efficiency": pytest.approx(0.8),
        "average_gb_per_second": 0.15,
        "maximum_gb_per_second": 0.3,
        "mean_utilisation_percent": pytest.approx((60 * 70 + 30 * 70 + 30 * 100) / 120),
    }
    assert found.count("data:image/png;base64,") == 4
    for name in PICTURES:
        assert (done.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    # The epoch with a rank less; the ideal of ten replicas; the article's best and this run's network.
    assert "<tr><td>3</td><td>2</td><td>0.6667</td><td>83.3%</td><td>15.0</td></tr>" in found
    assert "<td>10</td><td>80</td><td>12.50</td><td>10.00</td><td>80.0%</td>" in found
    assert "<td>4</td><td>efa</td><td>8.24</td><td>42.04</td>" in found
    assert "&lt;b&gt;socket&lt;/b&gt;</td><td>0.15</td><td>0.30</td>" in found


@pytest.mark.parametrize(
    ("folders", "headings", "pictures"),
    [
        (("training/history", "training/metrics"), ["Training"], ["training"]),
        (("training/utilisation",), ["Utilisation"], ["utilisation"]),
        (("preflight",), ["Network"], ["bandwidth"]),
        (("scaling",), ["Scaling"], ["scaling"]),
    ],
)
def test_what_was_not_measured_is_left_out(report, folders, headings, pictures):
    done = report(*folders)
    found = page(done)
    assert [line for line in found.splitlines() if line.startswith("<h2>")] == [
        f"<h2>{heading}</h2>" for heading in headings
    ]
    assert sorted(path.stem for path in done.folder.glob("*.png")) == pictures


def test_one_epoch_one_size_and_one_count_of_replicas_are_drawn_too(report):
    documents_of_one = {
        "training/history.json": history()[:1],
        "training/utilisation/a.csv": [("time", "device", "percent"), (0, "cpu", 350)],
        "preflight/metrics.json": {
            "average_gb_per_second": 0.1,
            "maximum_gb_per_second": 0.1,
            "ranks": 2,
            "backend": "gloo",
            "adapters": 0,
            "provider": "socket",
            "sizes": [{"bytes": 1024, "bus_gb_per_second": 0.1}],
        },
        "scaling/3/metrics.json": {"world_sizes": [3], "mean_epoch_seconds": 4.0},
    }
    done = report("nothing of the usual", **documents_of_one)
    assert page(done).count("data:image/png;base64,") == 4
    assert done.metrics["scaling_efficiency"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "There is nothing to report"),
        ({"training/history.json": "[{"}, "training/history.json is not JSON"),
        (
            {"training/utilisation/a.csv": [("time", "device"), (0, "gpu0")]},
            "utilisation/a.csv is no table of time, device, percent",
        ),
        (
            {"training/utilisation/a.csv": [("time", "device", "percent"), (0, "gpu0", "many")]},
            "utilisation/a.csv is no table of time, device, percent: could not convert string to float",
        ),
    ],
)
def test_what_cannot_be_reported_is_said(report, changes, said):
    assert said in report("nothing of the usual", **changes).reason
