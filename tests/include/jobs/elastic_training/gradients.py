"""Prints how far the gradient of a step, put together of the shares of several ranks, is from that of one.

The ranks are taken one after the other: what matters is the weights of their shares.
"""

import sys

import torch
from torch import nn
from torch.nn import functional

from steps import Share, Steps

RECORDS, BATCH_SIZE, FEATURES, CLASSES = 23, 5, 7, 3


def gradient(model: nn.Module, shares: list[Share], data: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """The mean over ranks, as DistributedDataParallel makes it."""
    images, labels = data
    total = torch.zeros_like(model.weight)
    for share in shares:
        model.zero_grad()
        mean = functional.cross_entropy(model(images[share.records]), labels[share.records])
        (mean * share.weight).backward()
        total += model.weight.grad / len(shares)
    return total


torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
data = (torch.randn(RECORDS, FEATURES), torch.randint(CLASSES, (RECORDS,)))
model, steps = nn.Linear(FEATURES, CLASSES), Steps(RECORDS, BATCH_SIZE, seed=3)
worst = 0.0
for ranks in map(int, sys.argv[1:]):
    alone = steps.shares(0, 0, 0, 1)
    together = zip(*(steps.shares(0, 0, rank, ranks) for rank in range(ranks)), strict=True)
    for one, many in zip(alone, together, strict=True):
        difference = gradient(model, [one], data) - gradient(model, list(many), data)
        worst = max(worst, float(difference.abs().max()))
print(worst)
