"""### Amp: who listened yesterday, and who may ask?

Every morning the warehouse, a Redshift cluster, lets in whom the access table names and nobody else. Then it
answers what is asked about the day before: a flash report, engagement, trending shows, and what promotions
brought.

**Takes** the tables of `amp_lake`, which it brings up to date first and reads in place, and the items of the
access table in DynamoDB. The day is the run's partition, `day` in the form, or the day before the run. Days
of the past may be backfilled.

**Leaves** schemas, groups, users and grants as the access table says, and each user's password in Secrets
Manager, a new one every `rotate_after_days`. Under this run's own prefix each report as CSV, and a page with
plots: *Report* at the task `publish`.

**If it fails:** the task's log begins with the reason. An item that breaks a rule is named with the rule:
mend it and clear `read_access`. Access is changed in transactions: what failed has changed nothing, and a
clear goes on from there. `permission denied` at a report says that the access table does not let
`millrace_reports` read.
"""

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, Param, chain, dag

from include.pipelines import amp_lake
from include.pipelines import amp_warehouse as spec
from millrace.assets import AMP_LAKE
from millrace.defaults import DEFAULT_ARGS
from millrace.lake import lake_params, sample_params, update_lake
from millrace.operators.passwords import PasswordsOperator
from millrace.operators.sagemaker import ProcessingJobOperator, ReportPageOperator
from millrace.operators.warehouse import AccessChangesOperator, WarehouseOperator, WarehouseReportOperator
from millrace.params import instance_type

PARAMS = {
    "day": Param(
        None,
        type=["null", "string"],
        format="date",
        description="The day that is reported (UTC); empty for the run's partition, or the day before.",
    ),
    "rotate_after_days": Param(
        90, type="integer", minimum=1, maximum=365, description="Days after which a password is replaced."
    ),
    "max_removed": Param(
        5, type="integer", minimum=0, maximum=10_000, description="Most users whose access a run may end."
    ),
    **sample_params(60),
    "instance_type": instance_type("ml.m5.xlarge", "What the check and the page are made on."),
    **lake_params(),
}


@dag(
    # Without a start_date the first run is that of the next morning, and none makes up for the one before.
    schedule=CronPartitionTimetable("0 5 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "reports", "redshift", "sql"],
    doc_md=__doc__,
)
def amp_warehouse() -> None:
    """Access as configured, the lake as new as it can be, then the reports."""
    sample = ProcessingJobOperator(task_id="make_sample", build=spec.sample)
    lake = update_lake(amp_lake, AMP_LAKE)

    read = WarehouseOperator(task_id="read_access", build=spec.read_access)
    plan = AccessChangesOperator(
        task_id="plan_access",
        changes=spec.access_changes,
        table=spec.access_table,
        document=spec.access_document,
        read=read.output["id"],
        statements=spec.STATEMENTS_OF_STATE,
    )
    # One after the other: who is dropped was taken out of everything before.
    changed = WarehouseOperator.partial(
        task_id="change_access", build=spec.change_access, max_active_tis_per_dagrun=1
    ).expand(arguments=plan.output)
    passwords = PasswordsOperator(
        task_id="rotate_passwords",
        document=spec.access_changes_uri,
        days=spec.rotate_after_days,
        trigger_rule="none_failed",
    )

    reports = WarehouseReportOperator.partial(
        task_id="report",
        build=spec.report,
        output=spec.report_uri,
        map_index_template="{{ task.arguments['name'] }}",
        trigger_rule="none_failed",
    ).expand(arguments=[{"name": name} for name in spec.REPORT_NAMES])
    page = ReportPageOperator(task_id="publish", build=spec.page, page=spec.PAGE)

    chain(sample, lake, reports, page)
    chain(changed, passwords, reports)


amp_warehouse()
