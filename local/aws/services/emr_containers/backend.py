"""EMR on EKS as a moto backend that executes."""

from typing import Any

from moto.emrcontainers import urls

from local.aws.services.emr_containers.job_runs import JobRunOperations


class LocalEmrContainers(JobRunOperations):
    """Virtual clusters, and job runs that are processes. It has no templates, endpoints or sessions."""

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls
