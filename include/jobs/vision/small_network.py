"""A small convolutional network for images of any size and number of classes."""

import torch
from torch import Tensor, nn

CELLS = 4
"""Of the grid that an image is pooled to, in each direction."""


class SmallNetwork(nn.Module):  # type: ignore[misc]  # torch is in the job's image
    """Two convolutions and a linear layer.

    It has no batch normalisation: ranks would have to agree on its statistics, and the result of a step would
    depend on how many ranks share its batch.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(CELLS),
        )
        self.output = nn.Linear(32 * CELLS * CELLS, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (images, classes) for images of shape (images, channels, height, width), 0 to 1."""
        logits: Tensor = self.output(self.convolutions(images).flatten(1))
        return logits


def small_network(channels: int, classes: int, seed: int) -> SmallNetwork:
    """A network with the initial weights of a seed."""
    torch.manual_seed(seed)
    return SmallNetwork(channels, classes)
