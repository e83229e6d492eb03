"""What every sensor here has: a connection, a region, and no polling."""

from typing import Any

from airflow.sdk import BaseSensorOperator


class AwsSensor(BaseSensorOperator):
    """A sensor that waits for an event of AWS, without a worker.

    Args:
        aws_conn_id: Airflow's connection; None leaves credentials to boto3.
        region_name: the region, if not the connection's.
        timeout: seconds after which it fails, or is skipped with ``soft_fail``.
    """

    def __init__(
        self, *, aws_conn_id: str | None = "aws_default", region_name: str | None = None, **kwargs: Any
    ) -> None:
        # So that `task.output["outputs"]` is one part of a result that is a mapping.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
