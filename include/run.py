"""One run of one pipeline, as request builders see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.naming import resource_name, run_slug
from include.settings import Settings
from include.tags import task_tags
from include.uploads import Upload


@dataclass(frozen=True)
class Run:
    """What a request may depend on: settings, the run's identity, its Params and what started it.

    ``run_after`` stands in for a logical date, which a run started by an asset does not have.
    ``uploads`` are the versions of objects whose arrival started the run, in order of arrival.
    ``partition_key`` names the part of the data that the run is about, where its schedule has such parts.
    """

    settings: Settings
    dag_id: str
    run_id: str
    run_after: datetime
    params: Mapping[str, Any]
    uploads: tuple[Upload, ...] = ()
    partition_key: str | None = None

    def uri(self, *parts: str) -> str:
        """An S3 URI under this run's own prefix, where no other run writes."""
        return self._in_bucket(self.dag_id, run_slug(self.run_id), *parts)

    def work_uri(self, *parts: str) -> str:
        """An S3 URI for what one task hands to the next: this run's own, deleted with it or some days after.

        The bucket's lifecycle clears ``_work/``, so a run that was ended by force leaves nothing for ever.
        """
        run = (self.settings.tenant, self.dag_id, run_slug(self.run_id))
        return "/".join((f"s3://{self.settings.bucket}", "_work", *run, *parts))

    def raw_uri(self, *parts: str) -> str:
        """An S3 URI where services' events arrive.

        Raises:
            ValueError: this environment has no such bucket.
        """
        return self._in_lake("raw_bucket", *parts)

    def curated_uri(self, *parts: str) -> str:
        """An S3 URI of the lake's tables.

        Raises:
            ValueError: this environment has no such bucket.
        """
        return self._in_lake("curated_bucket", *parts)

    def staging_uri(self, *parts: str) -> str:
        """An S3 URI where a job writes what it will publish to the lake; the bucket's lifecycle clears it.

        Raises:
            ValueError: this environment has no such bucket.
        """
        bucket, _, tenant = self.curated_uri().removeprefix("s3://").rstrip("/").partition("/")
        place = (bucket, "_staging", tenant, self.dag_id, run_slug(self.run_id))
        return "s3://" + "/".join((*place, *parts))

    def code_uri(self, digest: str) -> str:
        """Where code of this digest is kept for every run that uses it."""
        return self._in_bucket("code", self.dag_id, digest)

    def input_uri(self, *parts: str) -> str:
        """Where the pipeline's input arrives when a run names no other."""
        return self._in_bucket("input", self.dag_id, *parts)

    def live_uri(self, *parts: str, pipeline: str | None = None) -> str:
        """Where it stands what of a pipeline, this one's if none is named, is live: what was written last."""
        return self._in_bucket(pipeline or self.dag_id, "live", *parts)

    def sent_uri(self, *parts: str) -> str:
        """Where it stands what the pipeline has sent to people, of all runs."""
        return self._in_bucket(self.dag_id, "sent", *parts)

    def taken_uri(self, *parts: str) -> str:
        """Where it stands which run has taken what was uploaded, of all runs."""
        return self._in_bucket(self.dag_id, "taken", *parts)

    def human_loops_uri(self) -> str:
        """Where people's answers arrive, of all runs: A2I makes a folder for each, by time and name."""
        return self._in_bucket(self.dag_id, "human-loops")

    @property
    def upload_uris(self) -> tuple[str, ...]:
        """The S3 URIs of what was uploaded, each once, even if two versions of it have arrived."""
        return tuple(dict.fromkeys(upload.uri for upload in self.uploads))

    @property
    def resource_name(self) -> str:
        """The name of the pipeline's endpoint and model package group."""
        return resource_name(self.settings.environment, self.settings.tenant, self.dag_id)

    def tags(self, task_id: str) -> list[dict[str, str]]:
        """Cost allocation tags of what a task launches."""
        tags = task_tags(self.settings, self.dag_id, self.run_id, task_id)
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def _in_bucket(self, *parts: str) -> str:
        return "/".join((f"s3://{self.settings.bucket}", self.settings.tenant, *parts))

    def _in_lake(self, setting: str, *parts: str) -> str:
        bucket = getattr(self.settings, setting)
        if bucket is None:
            raise ValueError(
                f"MILLRACE_{setting.upper()} is not set: the lake needs this bucket, an output "
                "of include/infrastructure/millrace.yaml"
            )
        return "/".join((f"s3://{bucket}", self.settings.tenant, *parts))
