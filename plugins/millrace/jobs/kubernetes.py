"""Jobs that Kubeflow's training operator runs in a cluster of EKS.

The operations are verbs of the Kubernetes API. There is no event: a cluster tells who watches. A job is meant
by ``<cluster>/<namespace>/<name>``, which `millrace.hooks.pytorch_jobs` puts into its description. Once it is
over it is kept until it is deleted, or until its ``ttlSecondsAfterFinished`` have passed.
https://www.kubeflow.org/docs/components/trainer/legacy-v1/reference/
"""

from millrace.jobs.kind import JobKind

_LAST = "status.conditions[?status=='True'] | [-1]"
_WORKERS = "spec.pytorchReplicaSpecs.Worker"

PYTORCH_JOB = JobKind(
    name="PyTorchJob",
    service="eks",
    start="create",
    describe="get",
    stop="delete",
    listing=None,
    name_field="reference",
    status=f"not_null(metadata.deletionTimestamp && 'Deleting', ({_LAST}).type, 'Created')",
    reason=f"({_LAST}).message",
    succeeded=frozenset({"Succeeded"}),
    failed=frozenset({"Failed"}),
    stopped=frozenset(),
    stopping=frozenset({"Deleting"}),
    event=None,
    not_found=(),
    exists=(),
    console="pytorch-jobs",
    console_page="eks/home?region={region}#/clusters/{place}",
    started="started",
    ended="ended",
    result={"replicas": f"{_WORKERS}.replicas"},
    usage={
        "instance_type": f'{_WORKERS}.template.spec.nodeSelector."node.kubernetes.io/instance-type"',
        "instance_count": f"{_WORKERS}.replicas",
    },
    # A worker's pod is named after it, and a name of a host has at most 63 characters.
    max_name_length=50,
    tag_map="annotations",
)
