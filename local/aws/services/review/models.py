"""The state of people's work: one store of tasks and workers per account."""

from moto.core.base_backend import BackendDict, BaseBackend

from local.aws.review.tasks import ReviewTasks
from local.aws.review.workers import Workers


class ReviewBackend(BaseBackend):
    """What reviewers share, whichever region a task is from: a person signs in once."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tasks = ReviewTasks()
        self.workers = Workers()


review_backends = BackendDict(ReviewBackend, "review", use_boto3_regions=False, additional_regions=["aws"])
