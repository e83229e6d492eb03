"""What is in a data set, found by reading it once, before anything is written."""

from collections import Counter
from dataclasses import dataclass, field

import examples
import tfrecords
from failure import JobError
from parts import EVALUATION, TRAIN, VALIDATION, Fractions
from sources import Source


@dataclass
class Survey:
    """Counts of a data set.

    Attributes:
        records: of each part.
        content_bytes: of each part, as files have them.
        checksums: of each part, the sum over its records, so that their order does not matter.
        classes: one more than the largest label.
        shape: channels, height and width of every image.
    """

    records: Counter[str] = field(default_factory=Counter)
    content_bytes: Counter[str] = field(default_factory=Counter)
    checksums: Counter[str] = field(default_factory=Counter)
    classes: int = 0
    shape: tuple[int, int, int] = (0, 0, 0)


def survey(source: Source, fractions: Fractions, seed: int) -> Survey:
    """Reads every record, and says which one cannot be trained on.

    Raises:
        JobError: a record is no image, or of another size than the first one; there is none for a part.
    """
    found = Survey()
    for (where, payload), part in zip(source(), fractions.draw(seed), strict=False):
        try:
            facts = examples.facts(payload)
        except examples.ExampleError as error:
            raise JobError(f"{where}: {error}.") from error
        if found.shape == (0, 0, 0):
            found.shape = facts.shape
        elif facts.shape != found.shape:
            this, first = examples.size(facts.shape), examples.size(found.shape)
            raise JobError(f"{where}: an image of {this}, the first one has {first}: give all one size.")
        found.records[part] += 1
        found.content_bytes[part] += len(payload) + tfrecords.FRAME_BYTES
        found.checksums[part] += tfrecords.masked(payload)
        found.classes = max(found.classes, facts.label + 1)
    for part in (TRAIN, VALIDATION, EVALUATION):
        if not found.records[part]:
            raise JobError(f"{sum(found.records.values()):,} records leave none for {part}: give more.")
    return found
