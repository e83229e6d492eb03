"""Job runs of Amazon EMR on EKS.

The names of the events are documented at
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-emr-containers.html. ListJobRuns tells what was
created after a moment and not what has changed, so each job run that is waited for is described.
"""

from include.emr_on_eks import LOG_GROUP, LOG_PREFIX
from millrace.jobs.kind import ErrorPattern, EventPattern, GivenId, JobKind, NameSearch

EMR_ON_EKS = JobKind(
    name="EMR on EKS job run",
    service="emr-containers",
    start="StartJobRun",
    describe="DescribeJobRun",
    stop="CancelJobRun",
    listing=None,
    name_field="name",
    name_path="jobRun.name",
    given_id=GivenId(
        place="virtualClusterId",
        field="id",
        token="clientToken",  # noqa: S106  # a member's name
        path="join('/', [jobRun.virtualClusterId, jobRun.id])",
        search=NameSearch("ListJobRuns", "jobRuns"),
    ),
    status="jobRun.state",
    reason="join(': ', [jobRun.failureReason, jobRun.stateDetails][?@])",
    succeeded=frozenset({"COMPLETED"}),
    failed=frozenset({"FAILED"}),
    stopped=frozenset({"CANCELLED"}),
    stopping=frozenset({"CANCEL_PENDING"}),
    event=EventPattern(
        source="aws.emr-containers",
        detail_type="EMR Job Run State Change",
        name="(detail.virtualClusterId && detail.id) && join('/', [detail.virtualClusterId, detail.id])",
        status="detail.state",
    ),
    not_found=(ErrorPattern("ResourceNotFoundException"),),
    # A repeated start gives the id of the first one.
    exists=(),
    cannot_stop=(ErrorPattern("ValidationException"),),
    permanent=("USER_ERROR", "VALIDATION_ERROR"),
    console="emr-on-eks-job-runs",
    console_page="emr/home?region={region}#/eks/clusters",
    result={"arn": "jobRun.arn", "id": "jobRun.id", "virtual_cluster": "jobRun.virtualClusterId"},
    log_group=LOG_GROUP,
    log_prefix=f"{LOG_PREFIX}/{{place}}/jobs/{{id}}/",
    started="jobRun.createdAt",
    ended="jobRun.finishedAt",
    max_name_length=64,
    tag_map="tags",
)
