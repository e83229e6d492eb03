"""Bias metrics of a model's predictions.

The definitions and signs are those of AWS's developer guide, but for TE: some of its versions divide false
positives by false negatives, a less d. AWS's article on these metrics and Clarify's library divide false
negatives by false positives, d less a, as is done here. `comparisons.ratio` says what a ratio is whose
denominator is 0.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html
"""

from collections.abc import Callable, Mapping

from comparisons import (
    Comparison,
    Confusion,
    UndefinedMetricError,
    conditional_demographic_disparity,
    difference,
    positive_shares,
    ratio,
)


def accuracy(group: Confusion) -> float:
    """The share of right predictions."""
    return ratio(group.tp + group.tn, group.rows)


def recall(group: Confusion) -> float:
    """The share of those with a positive label who are predicted so."""
    return ratio(group.tp, group.tp + group.fn)


def specificity(group: Confusion) -> float:
    """The share of those with a negative label who are predicted so."""
    return ratio(group.tn, group.tn + group.fp)


def acceptance_rate(group: Confusion) -> float:
    """Precision: the share of positive predictions that are right."""
    return ratio(group.tp, group.tp + group.fp)


def rejection_rate(group: Confusion) -> float:
    """The share of negative predictions that are right."""
    return ratio(group.tn, group.tn + group.fn)


def conditional_acceptance(group: Confusion) -> float:
    """Observed positive labels for each predicted one."""
    return ratio(group.tp + group.fn, group.tp + group.fp)


def conditional_rejection(group: Confusion) -> float:
    """Observed negative labels for each predicted one."""
    return ratio(group.tn + group.fp, group.tn + group.fn)


def errors_ratio(group: Confusion) -> float:
    """False negatives for each false positive."""
    return ratio(group.fn, group.fp)


def difference_in_predicted_proportions(comparison: Comparison) -> float:
    """q'_a - q'_d, q' the share of positive predictions; from -1 to 1."""
    return difference(*positive_shares(comparison.predicted))


def disparate_impact(comparison: Comparison) -> float:
    """q'_d / q'_a, from 0 on; 1 is no disparity."""
    a, d = positive_shares(comparison.predicted)
    return ratio(d, a)


def conditional_demographic_disparity_in_predictions(comparison: Comparison) -> float:
    """As CDDL, of predicted labels; from -1 to 1."""
    return conditional_demographic_disparity(comparison, comparison.predicted)


def generalised_entropy(comparison: Comparison) -> float:
    """How unequally the benefits of the predictions are spread over all rows, with alpha 2; from 0 on.

    A false positive has a benefit of 2, a false negative of 0, everybody else of 1.

    Raises:
        UndefinedMetricError: nobody has a benefit.

    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-post-training-bias-metric-ge.html
    """
    a, d = comparison.confusions
    rows, fp, fn = a.rows + d.rows, a.fp + d.fp, a.fn + d.fn
    mean = (rows + fp - fn) / rows
    if mean == 0:
        raise UndefinedMetricError("every prediction is a false negative, one at least must not be")
    squares = (4 * fp + (rows - fp - fn)) / rows
    return (squares / mean**2 - 1) / 2


def _a_less_d(rate: Callable[[Confusion], float]) -> Callable[[Comparison], float]:
    def metric(comparison: Comparison) -> float:
        a, d = comparison.confusions
        return difference(rate(a), rate(d))

    return metric


def _d_less_a(rate: Callable[[Confusion], float]) -> Callable[[Comparison], float]:
    def metric(comparison: Comparison) -> float:
        a, d = comparison.confusions
        return difference(rate(d), rate(a))

    return metric


METRICS: Mapping[str, Callable[[Comparison], float]] = {
    "AD": _a_less_d(accuracy),
    "CDDPL": conditional_demographic_disparity_in_predictions,
    "DAR": _a_less_d(acceptance_rate),
    "DCA": _a_less_d(conditional_acceptance),
    "DCR": _d_less_a(conditional_rejection),
    "DI": disparate_impact,
    "DPPL": difference_in_predicted_proportions,
    "DRR": _d_less_a(rejection_rate),
    "GE": generalised_entropy,
    "RD": _a_less_d(recall),
    "SD": _d_less_a(specificity),
    "TE": _d_less_a(errors_ratio),
}
"""All but FT, which needs more than counts."""
