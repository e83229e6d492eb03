"""The hook of a kind of job, wherever jobs of the kind run."""

from typing import TYPE_CHECKING

from millrace.jobs import KINDS, PYTORCH_JOB

if TYPE_CHECKING:
    from millrace.hooks.jobs import JobHook


def hook_of(kind: str, aws_conn_id: str | None, region_name: str | None) -> "JobHook":
    """By the name of the kind.

    Raises:
        KeyError: there is no such kind.
    """
    if kind == PYTORCH_JOB.name:
        from millrace.hooks.pytorch_jobs import PyTorchJobHook  # noqa: PLC0415  # few have a cluster

        return PyTorchJobHook(aws_conn_id, region_name)
    from millrace.hooks.jobs import JobHook  # noqa: PLC0415  # as above

    return JobHook(KINDS[kind], aws_conn_id, region_name)
