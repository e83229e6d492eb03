"""Requests of custom language models.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_CreateLanguageModel.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.bundles import Bundle
from include.run import Run
from include.transcribe.vocabulary import Request

WIDE_BAND_HERTZ = 16_000


@dataclass(frozen=True)
class LanguageModel:
    """A model of what is said, trained on plain text below the S3 prefix ``training``.

    ``tuning`` is a prefix of text closer to what will be heard, if there is any. ``base`` goes by the sample
    rate of what will be heard: see ``base_of``.
    """

    training: str
    base: Literal["NarrowBand", "WideBand"]
    tuning: str | None = None
    language: str = "en-US"

    def request(self, run: Run) -> Request:
        """The ``CreateLanguageModel`` request, without its name."""
        data = {"S3Uri": self.training, "DataAccessRoleArn": run.settings.role_arn}
        if self.tuning:
            data["TuningDataS3Uri"] = self.tuning
        return {"LanguageCode": self.language, "BaseModelName": self.base, "InputDataConfig": data}

    def bundles(self) -> Sequence[Bundle]:
        """Text is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """AWS gives no metrics of a language model."""


def base_of(sample_rate: int) -> Literal["NarrowBand", "WideBand"]:
    """The base model for media of a sample rate in hertz.

    https://docs.aws.amazon.com/transcribe/latest/dg/custom-language-models.html
    """
    return "WideBand" if sample_rate >= WIDE_BAND_HERTZ else "NarrowBand"
