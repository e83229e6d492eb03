"""What each variant of the recogniser gets wrong on the same sentences, and how sure the differences are.

A variant is a language model, generic or custom, alone or together with a vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bootstrap
from alignment import by_sentence, totals
from bootstrap import Difference, Interval
from word_errors import Sentence, WordErrors

GENERIC, TRAINED, TUNED = "generic", "trained", "tuned"
VOCABULARY = "_vocabulary"
"""What the name of a variant ends with that is heard together with a vocabulary."""


@dataclass(frozen=True)
class Recording:
    """What was said in a recording, a sentence on each line, and what each variant has heard."""

    name: str
    reference: str
    heard: Mapping[str, str]

    @cached_property
    def errors(self) -> Mapping[str, WordErrors]:
        """Of each variant, with the same sentences in the same order.

        Raises:
            ValueError: the reference has no words.
        """
        return {variant: by_sentence(self.reference, text) for variant, text in self.heard.items()}


@dataclass(frozen=True)
class Comparison:
    """Variants on the same recordings; ``baseline`` is the one that the others have to beat."""

    recordings: Sequence[Recording]
    baseline: str = GENERIC

    @cached_property
    def names(self) -> Sequence[str]:
        """The variants, in their order."""
        return [*self.recordings[0].heard]

    @cached_property
    def errors(self) -> Mapping[str, WordErrors]:
        """Of each variant, over all recordings."""
        return {name: WordErrors(self._sentences(name)) for name in self.names}

    @cached_property
    def intervals(self) -> Mapping[str, Interval]:
        """The word error rate of each variant.

        Raises:
            ValueError: there are fewer than two sentences.
        """
        return {name: bootstrap.word_error_rate(*_counts(errors)) for name, errors in self.errors.items()}

    @cached_property
    def differences(self) -> Mapping[tuple[str, str], Difference]:
        """The second rate less the first, of each of the pairs."""
        return {(one, other): self._difference(one, other) for one, other in self.pairs}

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """Everything against the generic model and the baseline; tuned against trained, alike otherwise."""
        against = [(one, name) for one in (GENERIC, self.baseline) for name in self.names if name != one]
        tuned = [(f"{TRAINED}{end}", f"{TUNED}{end}") for end in ("", VOCABULARY)]
        return [*dict.fromkeys([*against, *(pair for pair in tuned if set(pair) <= {*self.names})])]

    def document(self) -> dict[str, Any]:
        """Rates with intervals, differences, and the rates by recording, for JSON."""
        return {
            "sentences": len(self.errors[GENERIC].sentences),
            "words": self.errors[GENERIC].counts["words"],
            "baseline": self.baseline,
            "variants": [
                {"name": name, **totals(errors), "interval": self.intervals[name].document()}
                for name, errors in self.errors.items()
            ],
            "differences": [
                {"first": one, "second": other, **found.document()}
                for (one, other), found in self.differences.items()
            ],
            "recordings": [
                {
                    "name": each.name,
                    "words": each.errors[GENERIC].counts["words"],
                    "wer": {name: errors.wer for name, errors in each.errors.items()},
                }
                for each in self.recordings
            ],
        }

    def metrics(self) -> dict[str, float]:
        """``wer_<variant>`` and ``difference_<one>_<other>``, and each with ``_low`` and ``_high``."""
        rates = {f"wer_{name}": interval for name, interval in self.intervals.items()}
        changes = {f"difference_{one}_{other}": found for (one, other), found in self.differences.items()}
        return {
            f"{name}{end}": round(value, 6)
            for name, each in {**rates, **changes}.items()
            for end, value in {"": each.estimate, "_low": each.low, "_high": each.high}.items()
        }

    def _sentences(self, variant: str) -> list[Sentence]:
        return [sentence for each in self.recordings for sentence in each.errors[variant].sentences]

    def _difference(self, one: str, other: str) -> Difference:
        (first, words), (second, _) = _counts(self.errors[one]), _counts(self.errors[other])
        return bootstrap.difference(first, second, words)


def label(name: str) -> str:
    """What people call a variant.

    >>> label("tuned_vocabulary")
    'trained and tuned, with vocabulary'
    """
    model = name.removesuffix(VOCABULARY)
    called = {TUNED: "trained and tuned", "live": "live until now"}.get(model, model)
    return f"{called}, with vocabulary" if name.endswith(VOCABULARY) else called


def _counts(errors: WordErrors) -> tuple[list[int], list[int]]:
    """Errors and words of each sentence."""
    each = [sentence.counts() for sentence in errors.sentences]
    return [counts["errors"] for counts in each], [counts["words"] for counts in each]
