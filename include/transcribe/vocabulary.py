"""Requests of custom vocabularies and vocabulary filters, which are created once and then updated.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_CreateVocabulary.html
https://docs.aws.amazon.com/transcribe/latest/APIReference/API_CreateVocabularyFilter.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run

Request = dict[str, Any]


@dataclass(frozen=True)
class Filter:
    """A vocabulary filter as a job uses it: its words are replaced by ``***``, left out or tagged."""

    name: str
    method: Literal["mask", "remove", "tag"] = "mask"

    def settings(self) -> Request:
        """The job's settings."""
        return {"VocabularyFilterName": self.name, "VocabularyFilterMethod": self.method}


@dataclass(frozen=True)
class Vocabulary:
    """A table of words, by name; ``table`` is the S3 URI of its text file.

    The same request creates a vocabulary and, if there is one of this name, updates it.
    """

    name: str
    table: str
    language: str = "en-US"

    def request(self, run: Run) -> Request:
        """The ``CreateVocabulary`` or ``UpdateVocabulary`` request, without the name."""
        return {
            "LanguageCode": self.language,
            "VocabularyFileUri": self.table,
            "DataAccessRoleArn": run.settings.role_arn,
        }

    def bundles(self) -> Sequence[Bundle]:
        """The table is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """A vocabulary has no metrics."""


@dataclass(frozen=True)
class VocabularyFilter:
    """Words that transcripts must not show, by name; ``words`` is the S3 URI of a text file, one a line."""

    name: str
    words: str
    language: str = "en-US"

    def request(self, run: Run) -> Request:
        """The ``CreateVocabularyFilter`` request, without the name."""
        return {
            "LanguageCode": self.language,
            "VocabularyFilterFileUri": self.words,
            "DataAccessRoleArn": run.settings.role_arn,
        }
