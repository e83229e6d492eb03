"""Networks by name, and what the measuring of the network of nodes makes of its numbers."""

import pytest

from tests.include.jobs.speech.in_image import RaisedError

SHAPE = "list(networks.network(name, channels, 10, 1)(torch.zeros(2, channels, size, size)).shape)"


@pytest.mark.parametrize(
    ("name", "channels", "size"), [("small", 1, 8), ("residual", 1, 8), ("residual", 3, 64)]
)
def test_a_network_takes_images_of_any_size(image, name, channels, size):
    assert image(SHAPE, name=name, channels=channels, size=size) == [2, 10]


def test_the_weights_are_those_of_a_seed(image):
    total = "float(sum(w.sum() for w in networks.network('residual', 3, 10, seed).parameters()))"
    assert image(total, seed=1) == image(total, seed=1) != image(total, seed=2)


def test_an_answer_does_not_depend_on_the_other_images_of_a_batch(image):
    images = "torch.manual_seed(2) and torch.rand(4, 1, 8, 8)"
    made = "networks.network('residual', 1, 10, 1)"
    together = image(f"{made}({images})[0].tolist()")
    assert image(f"{made}(({images})[:1])[0].tolist()") == pytest.approx(together, abs=1e-5)


def test_a_network_of_torchvision_says_what_it_lacks(image):
    with pytest.raises(
        RaisedError, match="JobError: Network resnet50 is one of torchvision's, which this image"
    ):
        image("networks.network('resnet50', 3, 10, 1)")
    with pytest.raises(RaisedError, match="takes images in colour"):
        image("networks.network('efficientnet_b7', 1, 10, 1)")


def test_bus_bandwidth_is_that_of_nccl_tests(image):
    """4 GB in 100 ms on 8 ranks: 40 GB/s of the algorithm are 40 x 7/4 of the bus."""
    assert image("allreduce.bus_bandwidth(4 * 10**9, 0.1, 8)") == pytest.approx(70.0)
    assert image("list(allreduce.sizes(1))") == [1024 << power for power in range(11)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ip-10:67:93 [0] NCCL INFO NET/OFI Selected Provider is efa (found 4 nics)", "efa"),
        (
            "ip-10:67:93 [0] NCCL INFO NET/OFI Selected provider is efa, fabric is efa-direct",
            "efa",
        ),
        ("ip-10:67:93 [0] NCCL INFO NET/OFI Selected Provider is tcp;ofi_rxm (found 1 nics)", "tcp"),
        ("ip-10:67:93 [0] NCCL INFO Using network Socket", "socket"),
    ],
)
def test_the_provider_is_what_nccl_says(image, line, found):
    assert image("allreduce.provider(lines)", lines=["ip-10:67:93 [0] NCCL INFO Bootstrap", line]) == found
