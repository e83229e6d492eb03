"""### Amp, experiment: does what was changed do any good?

Users are in one of two variants by a hash of experiment, salt and user. Their likes, follows, listening and
sessions are compared: uplifts with confidence intervals, guardrails, a check that neither variant has lost
users, and a verdict.

**Takes** the tables of `amp_lake`, which it brings up to date first: the `days` of the experiment before
`end` and `days_before` these. With `events` a sample world is made first, into which `planted_uplift` and
`planted_loss` can put an effect that is to be found; what real users did is never changed.

**Leaves**, under this run's own prefix: the report with its plots, the figures as JSON and CSV. `verdict`
says *ship* or *do not ship*, and why; its button *Report* opens the page.

**If it fails:** the task's log begins with the reason. A day that the lake lacks is named. `verdict` fails
where the variants do not have the users that they should have: the experiment is *invalid*, and nothing in
it is read. Find out what loses users of a variant, repair it, and begin anew with another `salt`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, chain, dag

from include.pipelines import amp_experiment as spec
from include.pipelines import amp_lake
from millrace.assets import AMP_LAKE
from millrace.defaults import DEFAULT_ARGS
from millrace.lake import lake_params, sample_params, update_lake
from millrace.operators.sagemaker import ProcessingJobOperator
from millrace.operators.verdicts import VerdictOperator
from millrace.params import count, fraction, instance_type, optional_day

PARAMS = {
    "experiment": Param(
        "ranking-by-forest",
        type="string",
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
        description="Its name, as whoever serves the variants knows it.",
    ),
    "salt": Param(
        None,
        type=["null", "string"],
        pattern=r"^[a-zA-Z0-9._-]{1,63}$",
        description="Another one draws the variants anew; empty for none.",
    ),
    "end": optional_day("The day after the last one of the experiment (UTC); empty for the day of the run."),
    "days": count(14, 1, 200, "Days of the experiment."),
    "days_before": count(14, 0, 200, "Days before it, by which the variance is cut."),
    "control_share": fraction(0.5, "Share of the users in control."),
    "treatment_share": fraction(0.5, "Share of the users in treatment; together at most 1."),
    "metrics": Param(
        ["engagement", "playback_minutes"],
        type="array",
        items={"enum": list(spec.METRICS)},
        uniqueItems=True,
        examples=list(spec.METRICS),
        description="What is measured; the first decides.",
    ),
    "alpha": Param(
        0.05,
        type="number",
        exclusiveMinimum=0,
        maximum=0.5,
        description="How often a difference may be found that is none.",
    ),
    "power": Param(
        0.8,
        type="number",
        minimum=0.5,
        exclusiveMaximum=1,
        description="How surely the least detectable uplift, which the report states, would be found.",
    ),
    "planted_uplift": Param(
        None,
        type=["null", "number"],
        minimum=-0.9,
        maximum=1,
        description="Only for a sample world: put this uplift into what the treatment does; 0 for none.",
    ),
    "planted_loss": fraction(0.0, "Only for a sample world: lose this share of the treatment's users."),
    **sample_params(28),
    "instance_type": instance_type("ml.m5.xlarge", "What measures, and checks the lake."),
    **lake_params(),
}


@dag(
    # An experiment is read once, when it is over: who reads it every week finds chance too often.
    schedule=None,
    is_paused_upon_creation=False,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    tags=["amp", "experiment", "statistics"],
    doc_md=__doc__,
)
def amp_experiment() -> None:
    """The lake as new as it can be, the measurement, and what it comes to."""
    sample = ProcessingJobOperator(task_id="make_sample", build=spec.sample)
    lake = update_lake(amp_lake, AMP_LAKE)
    measured = ProcessingJobOperator(task_id="measure", build=spec.measurement, trigger_rule="none_failed")
    verdict = VerdictOperator(
        task_id="verdict",
        decide=spec.verdict,
        documents={"document": spec.document_uri},
        report=spec.report_uri,
    )

    chain(sample, lake, measured, verdict)


amp_experiment()
