"""The one reader of the environment.

Every value here is set by the deployment: on AWS from the outputs of the
infrastructure stack, on a laptop by ``millrace up`` from the outputs of the
same stack.
"""

from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field, Secret, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

QueueUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+/\d{12}/[A-Za-z0-9_-]{1,80}$")]
"""An SQS queue as its API names it: ``https://sqs.us-east-1.amazonaws.com/123456789012/name``."""
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{6,14}$")]
"""A telephone number in E.164: a plus sign, the country's code and the rest, without spaces."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=20)]


def _listed(given: object) -> object:
    """The names that a variable has between commas; anything else as it is."""
    return [name for each in given.split(",") if (name := each.strip())] if isinstance(given, str) else given


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Where and as whom the pipelines run. Read from ``MILLRACE_*`` variables.

    One of them is personal, so an error names the variable and not its value.

    Raises:
        pydantic.ValidationError: a variable is missing or has a value that AWS would refuse.
    """

    model_config = SettingsConfigDict(
        env_prefix="MILLRACE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    environment: Annotated[Slug, Field(max_length=16)] = "local"
    """Part of every name and prefix, so that environments can share an account."""
    tenant: Slug = "main"
    team: Slug = "ml"

    bucket: str = Field(min_length=3, max_length=63)
    raw_bucket: str | None = Field(default=None, min_length=3, max_length=63)
    """Where services' events arrive; the lake is not built without it."""
    curated_bucket: str | None = Field(default=None, min_length=3, max_length=63)
    """Where the lake's tables stand; the lake is not built without it."""
    role_arn: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+")
    """Execution role of the jobs, not of Airflow."""
    crawler_role_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+")
    """Role of Glue's crawlers, which is not that of the jobs; nothing is crawled without it."""
    events_topic_arn: str = Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+")
    """SNS topic to which EventBridge sends every job state change."""
    failures_topic_arn: str = Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+")
    """SNS topic that people subscribe to."""
    uploads_queue_url: QueueUrl | None = None
    """SQS queue in which uploads wait for the run that they start; no DAG is started by one without it."""
    dead_letters_queue_url: QueueUrl | None = None
    """SQS queue to which messages go that nobody can read; without it they are only logged."""
    events_queue_url: QueueUrl | None = None
    """SQS queue subscribed to the events topic beforehand, where Airflow may not create queues of its own."""
    work_team_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:workteam/.+"
    )
    """Who is asked where a run names no other work team. People make teams; no template can."""
    virtual_cluster_id: str | None = Field(default=None, pattern=r"^[0-9a-z]{1,64}$")
    """The virtual cluster of EMR on EKS on which Spark applications run that ask for one."""
    warehouse_cluster: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63
    )
    """Identifier of the Redshift cluster; there is no warehouse without it."""
    warehouse_database: str = Field(default="dev", pattern=r"^[a-z_][a-z0-9_]{0,126}$")
    warehouse_user: str = Field(default="awsuser", pattern=r"^[a-z_][a-z0-9_]{0,126}$")
    """The superuser as whom access to the warehouse is set, by temporary credentials."""
    warehouse_role_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+")
    """Role by which the cluster reads the lake; it has to be one of the cluster's."""
    warehouse_access_table: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """The DynamoDB table that says who may do what in the warehouse."""
    phone_number: Secret[PhoneNumber] | None = None
    """Who gets text messages; no message is sent without it. It is personal: see ``include.messages``."""
    redis_secret_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:secretsmanager:.+:secret:.+")
    """Where functions and endpoints find the URL of the Redis with the counters that change with every event;
    without it nobody counts, and endpoints do not know what has just happened."""
    catalog_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]\S*[^/\s]$")
    """The service that knows every show, without a slash at the end; no change comes in without it."""
    catalog_token: Secret[str] | None = None
    """By which it is told who asks."""
    image_registry: str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace"
    image_tag: str = "latest"

    subnets: Names = ()
    security_groups: Names = ()
    network_isolation: bool = False
    volume_kms_key: str | None = None
    output_kms_key: str | None = None
    max_runtime_seconds: int = Field(default=3600, ge=60, le=432_000)
    reconcile_seconds: float = Field(default=300, ge=1)
    """How often jobs are listed in case an event was lost."""

    @property
    def region(self) -> str:
        """Where the deployment is, which its topics say."""
        return self.events_topic_arn.split(":")[3]

    def image_uri(self, image: str, version: str | None = None) -> str:
        """The URI of one of ``include/images``, in one of its versions."""
        return f"{self.image_registry}/{image}:{version or self.image_tag}"


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()  # type: ignore[call-arg]  # the environment gives the required fields
