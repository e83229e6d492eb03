"""Amazon Augmented AI's human loops.

The event is documented at https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html.
A human loop is one task for people. Those of a launch are waited for together.
"""

from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind

HUMAN_LOOP = JobKind(
    name="A2I human loop",
    service="sagemaker-a2i-runtime",
    start="StartHumanLoop",
    describe="DescribeHumanLoop",
    stop="StopHumanLoop",
    # Loops are listed for a flow definition, as whoever waits for a batch does.
    listing=None,
    name_field="HumanLoopName",
    status="HumanLoopStatus",
    reason="FailureReason",
    succeeded=frozenset({"Completed"}),
    failed=frozenset({"Failed"}),
    stopped=frozenset({"Stopped"}),
    stopping=frozenset({"Stopping"}),
    event=EventPattern(
        source="aws.sagemaker",
        detail_type="SageMaker A2I HumanLoop Status Change",
        name="detail.humanLoopName",
        status="detail.humanLoopStatus",
    ),
    not_found=(ErrorPattern("ResourceNotFoundException"),),
    exists=(ErrorPattern("ConflictException"),),
    cannot_stop=(
        ErrorPattern("ResourceNotFoundException"),
        ErrorPattern("ValidationException"),
        ErrorPattern("ConflictException"),
    ),
    console="human-loops",
    console_page="a2i/home?region={region}#/human-review-workflows",
    result={"output": "HumanLoopOutput.OutputS3Uri"},
    takes_tags=False,
    in_batches=True,
)
