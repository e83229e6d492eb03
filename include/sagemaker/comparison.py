"""The job that measures a new model and the champion on the same data."""

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Instances
from include.sagemaker.processing import INPUT, OUTPUT, ProcessingJob


def comparison(
    run: Run, *, image: str, code: Bundle, model: str, champion: str | None, **data: str
) -> ProcessingJob:
    """A pipeline's ``evaluate.py``, which leaves ``evaluation/``.

    Args:
        run: whose form names the instance type.
        image: of the job.
        code: with ``evaluate.py``.
        model: archive of the new model, given as ``--model``.
        champion: archive of the champion, given as ``--champion``; None where there is none.
        data: prefixes by the name of the option that they are given as.
    """
    inputs = {"model": model, **data, **({"champion": champion} if champion else {})}
    options = [text for name in inputs for text in (f"--{name}", f"{INPUT}/{name}")]
    return ProcessingJob(
        image=image,
        command=["python3", f"{INPUT}/code/evaluate.py"],
        arguments=[*options, "--output", f"{OUTPUT}/evaluation"],
        instances=Instances(run.params["processing_instance_type"]),
        inputs=inputs,
        outputs={"evaluation": run.uri("evaluation")},
        files={"code": code},
        metrics="evaluation",
    )
