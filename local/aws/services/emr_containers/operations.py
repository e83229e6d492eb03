"""The operations of EMR on EKS that this service answers in moto's place."""

from local.aws.operations import Operations
from local.aws.services.emr_containers.backend import LocalEmrContainers

OPERATIONS: Operations[LocalEmrContainers] = {
    "create_virtual_cluster": lambda b, p: b.new_cluster(p),
    "describe_virtual_cluster": lambda b, p: b.get_cluster(p),
    "list_virtual_clusters": lambda b, p: b.list_clusters(p),
    "delete_virtual_cluster": lambda b, p: b.remove_cluster(p),
    "start_job_run": lambda b, p: b.start_run(p),
    "describe_job_run": lambda b, p: b.get_run(p),
    "list_job_runs": lambda b, p: b.list_runs(p),
    "cancel_job_run": lambda b, p: b.cancel_run(p),
}
