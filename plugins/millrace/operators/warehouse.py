"""SQL in the warehouse: batches of statements, reports, and who may do what there."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from airflow.sdk import Context
from typing_extensions import override

from include.run import Run
from include.warehouse.batches import Batch
from include.warehouse.changes import Changes
from millrace.context import run_of
from millrace.descriptions import JobDescription
from millrace.hooks.s3 import S3
from millrace.hooks.warehouse import Row, Warehouse
from millrace.jobs import REDSHIFT_BATCH
from millrace.launching import Launch
from millrace.operators.base import AwsOperator
from millrace.operators.job import AwsJobOperator

Item = Mapping[str, Any]
MOST_ROWS = 10_000
"""Of a report: it is read by people, and goes through Airflow."""


class WarehouseOperator(AwsJobOperator):
    """Runs statements as one transaction; ``build`` returns an ``include.warehouse.batches.Batch``."""

    ui_color = "#dff0e4"

    def __init__(self, *, build: Callable[..., Batch | None], **kwargs: Any) -> None:
        super().__init__(kind=REDSHIFT_BATCH, build=build, **kwargs)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Results of statements."""
        return Warehouse(self.aws_conn_id, self.region_name)


class WarehouseReportOperator(WarehouseOperator):
    """Runs a query and writes what it finds as CSV; the result has the URI among ``outputs``, and ``rows``.

    Args:
        output: the URI, of the run and ``arguments``.
    """

    def __init__(self, *, output: Callable[..., str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_uri = output

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        rows = list(islice(self.warehouse.rows(result["id"], 0), MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            raise ValueError(f"{self.task_id} has more than {MOST_ROWS} rows: UNLOAD them, or ask for fewer")
        uri = self.output_uri(run_of(context), **self.arguments)
        self.s3.write(uri, _csv(self.warehouse.columns(result["id"], 0), rows))
        return {**result, "rows": len(rows), "outputs": {"report": uri}}


class AccessChangesOperator(AwsOperator):
    """Compares who is let in with who shall be; the result are the arguments of the batches that lead there.

    Args:
        changes: decides, from the run, the items of the access table and the rows that tell what there is.
        table: the name of the access table, of the run.
        document: URI and content of what is kept of the decision, of the run, the changes and the items.
        read: the id of the batch that has asked for what there is.
        statements: how many it had.
    """

    template_fields: Sequence[str] = ("read",)
    ui_color = "#dff0e4"

    def __init__(
        self,
        *,
        changes: Callable[[Run, Sequence[Item], Sequence[Sequence[Row]]], Changes],
        table: Callable[[Run], str],
        document: Callable[[Run, Changes, Sequence[Item]], tuple[str, bytes]],
        read: Any,
        statements: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "multiple_outputs": False})
        self.changes = changes
        self.table = table
        self.document = document
        self.read = read
        self.statements = statements

    @override
    def execute(self, context: Context) -> list[dict[str, list[str]]]:
        run, warehouse = run_of(context), Warehouse(self.aws_conn_id, self.region_name)
        rows = [list(warehouse.rows(self.read, place)) for place in range(self.statements)]
        items = list(warehouse.items(self.table(run)))
        found = self.changes(run, items, rows)
        S3(self.aws_conn_id, self.region_name).write(*self.document(run, found, items))
        batches = found.batches()
        for statement in (each for batch in batches for each in batch):
            self.log.info("%s", statement)
        self.log.info("%d statements in %d batches", sum(map(len, batches)), len(batches))
        return [{"statements": batch} for batch in batches]


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A file that spreadsheets and programs read; NULL is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
