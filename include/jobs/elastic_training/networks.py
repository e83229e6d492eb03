"""Networks by name: small ones of our own, and torchvision's, where that is installed."""

import importlib
from itertools import pairwise

import torch
from torch import Tensor, nn

from failure import JobError
from small_network import SmallNetwork

GROUPS = 8


class Block(nn.Module):  # type: ignore[misc]
    """Two convolutions, and a way around them.

    They are normalised in groups of channels: statistics of a batch would depend on how many ranks share it.
    https://arxiv.org/abs/1803.08494
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(GROUPS, outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.GroupNorm(GROUPS, outputs),
        )
        same = stride == 1 and inputs == outputs
        self.around = nn.Identity() if same else nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride)

    def forward(self, images: Tensor) -> Tensor:
        """Features, at a ``stride``-th of the size."""
        return torch.relu(self.convolutions(images) + self.around(images))


class Residual(nn.Sequential):  # type: ignore[misc]
    """Six residual blocks; the ResNet of CIFAR-10 with fewer layers, and for images of any size.

    https://arxiv.org/abs/1512.03385, section 4.2
    """

    def __init__(self, channels: int, classes: int) -> None:
        widths = [16, 16, 16, 32, 32, 64, 64]
        blocks = [Block(a, b, stride=1 if a == b else 2) for a, b in pairwise(widths)]
        first = nn.Conv2d(channels, widths[0], kernel_size=3, padding=1)
        super().__init__(first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


OWN = {"small": SmallNetwork, "residual": Residual}
TORCHVISION = ("resnet50", "efficientnet_b7")
NAMES = (*OWN, *TORCHVISION)


def network(name: str, channels: int, classes: int, seed: int) -> nn.Module:
    """A network with the initial weights of a seed.

    Raises:
        JobError: it is one of torchvision's, which is not installed, or which takes colour only.
    """
    torch.manual_seed(seed)
    if name in OWN:
        return OWN[name](channels, classes)
    if channels != 3:  # noqa: PLR2004  # red, green and blue
        raise JobError(f"Network {name} takes images in colour, and these are grey: take --channels 3.")
    try:
        models = importlib.import_module("torchvision.models")
    except ImportError as error:
        raise JobError(
            f"Network {name} is one of torchvision's, which this image does not have ({error}): add it to "
            f"include/images/elastic, or take {' or '.join(OWN)}."
        ) from error
    found: nn.Module = models.get_model(name, num_classes=classes)
    return found
