"""What every operator here has: a connection and a region."""

from typing import Any

from airflow.sdk import BaseOperator


class AwsOperator(BaseOperator):
    """An operator that calls AWS.

    Args:
        aws_conn_id: Airflow's connection; None leaves credentials to boto3.
        region_name: the region, if not the connection's.
    """

    def __init__(
        self, *, aws_conn_id: str | None = "aws_default", region_name: str | None = None, **kwargs: Any
    ) -> None:
        # So that `task.output["artifact"]` is one part of a result that is a mapping.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
