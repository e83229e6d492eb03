"""Requests that several pipelines on the events of live shows make."""

from datetime import date
from pathlib import Path

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob
from include.spark import check_network

SAMPLE = Path(__file__).parents[1] / "samples" / "amp"


def sample_world(run: Run, until: date, instances: Instances) -> ProcessingJob | None:
    """Events of a sample world until a day, as services would have sent them; none unless asked for.

    The Params ``events`` and ``sample_days`` say how large it is. A world that is there already gets the days
    that it lacks.

    Raises:
        ValueError: the job could not reach S3, or there is no lake in this environment.
    """
    if run.params["events"] is None:
        return None
    check_network(run)
    key = run.settings.output_kms_key
    return ProcessingJob(
        image="spark",
        command=["python3", f"{INPUT}/code/generate.py"],
        arguments=[
            *("--events", str(run.params["events"])),
            *("--days", str(run.params["sample_days"])),
            *("--until", until.isoformat()),
            *("--output", run.raw_uri("amp", "events")),
            *("--metrics", f"{OUTPUT}/sample/metrics.json"),
            *(("--kms-key", key) if key else ()),
        ],
        instances=instances,
        outputs={"sample": run.uri("sample")},
        files={"code": Bundle.of(SAMPLE)},
        metrics="sample",
    )
