"""What a network makes of images that it was not trained on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from batches import Batch


@dataclass
class Measured:
    """Sums over images.

    Attributes:
        loss: cross entropy, in nats.
        correct: images whose likeliest class is theirs.
        images: all of them.
    """

    loss: float = 0.0
    correct: int = 0
    images: int = 0

    @property
    def mean_loss(self) -> float:
        """Of an image, in nats."""
        return self.loss / max(1, self.images)

    @property
    def accuracy(self) -> float:
        """Share of the images whose likeliest class is theirs."""
        return self.correct / max(1, self.images)

    def of(self, model: nn.Module, found: Iterable[Batch], device: torch.device) -> Iterator["Measured"]:
        """Adds one batch after the other, and comes up for air after each."""
        model.eval()
        for batch in found:
            with torch.no_grad():
                there = batch.to(device)
                logits = model(there.images)
                self.loss += float(functional.cross_entropy(logits, there.labels, reduction="sum"))
                self.correct += int((logits.argmax(1) == there.labels).sum())
                self.images += len(batch)
            yield self
