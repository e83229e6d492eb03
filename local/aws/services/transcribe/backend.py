"""Transcribe as a moto backend that executes."""

from typing import Any

from moto.transcribe import urls

from local.aws.services.transcribe.analytics_jobs import AnalyticsOperations
from local.aws.services.transcribe.jobs import TranscriptionOperations
from local.aws.services.transcribe.tags import TagOperations


class LocalTranscribe(
    TranscriptionOperations,
    AnalyticsOperations,
    TagOperations,
):
    """Jobs recognise speech, vocabularies are used, models are trained, and all that ends is announced.

    What is not overridden (medical jobs and vocabularies) is moto's.
    """

    def recover(self) -> None:
        """Called after a restart."""
        self.fail_interrupted_jobs()
        self.fail_interrupted_trainings()
        self.resume_jobs()
        self.resume_calls()
        self.recover_vocabularies()

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls
