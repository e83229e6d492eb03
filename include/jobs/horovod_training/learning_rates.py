"""The learning rate of many ranks: scaled by their number, which is reached over some epochs.

Many ranks make a large batch of all of theirs, and a large batch fewer steps, each of which may go further.
From the start that would be too far: the rate grows from that of one rank.
Goyal et al., "Accurate, Large Minibatch SGD" (2017), https://arxiv.org/abs/1706.02677
"""


def learning_rate(base: float, ranks: int, step: int, warm_up_steps: int) -> float:
    """The rate of a step.

    Args:
        base: of one rank.
        ranks: that train together.
        step: from 0, over all epochs.
        warm_up_steps: after which the rate is ``base * ranks``.

    >>> [learning_rate(0.1, 4, step, 3) for step in (0, 1, 2, 3, 9)]
    [0.1, 0.2, 0.30000000000000004, 0.4, 0.4]
    """
    progress = min(1.0, step / warm_up_steps) if warm_up_steps else 1.0
    return base * (1 + (ranks - 1) * progress)
