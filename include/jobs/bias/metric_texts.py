"""What the metrics are called and mean, in the order of the five questions by which people choose among them.

The questions, and the metric to begin with for each, are those of
https://aws.amazon.com/blogs/machine-learning/learn-how-amazon-sagemaker-clarify-helps-detect-bias/
"""

from collections.abc import Mapping
from dataclasses import dataclass

QUESTIONS = (
    "Are the groups in the data as they are in the real world?",
    "Do the labels in the data favour one group?",
    "Is the model equally accurate for both groups?",
    "Is a positive prediction as often right for both groups (precision)?",
    "Does the model find as many of those who deserve a positive prediction in both groups (recall)?",
)
OTHERS = "Other metrics of the predictions"

D, A = "d", "a"
"""The group that is asked about, and everybody else."""
NOBODY = ""


@dataclass(frozen=True)
class MetricText:
    """How a metric is presented.

    Attributes:
        title: as Clarify describes it.
        question: index of the question it helps to answer; None for none.
        meaning: one sentence.
        range: the values it can have.
        positive_against: the facet, a or d, that a value over ``neutral`` is to the disadvantage of;
            a value under it is to that of the other one. Empty where the metric only tells how much.
        neutral: its value where nothing differs.
    """

    title: str
    question: int | None
    meaning: str
    range: str
    positive_against: str = D
    neutral: float = 0.0


TEXTS: Mapping[str, MetricText] = {
    "CI": MetricText(
        "Class Imbalance (CI)",
        0,
        "Rows of the others less rows of the group, as a share of all.",
        "-1 to 1",
    ),
    "DPL": MetricText(
        "Difference in Positive Proportions in Labels (DPL)",
        1,
        "Share of positive labels among the others less that in the group.",
        "-1 to 1",
    ),
    "CDDL": MetricText(
        "Conditional Demographic Disparity in Labels (CDDL)",
        1,
        "The group's share of the negative labels less that of the positive ones, within each stratum.",
        "-1 to 1",
    ),
    "KL": MetricText(
        "Kullback-Leibler Divergence (KL)",
        1,
        "How far the labels of the others are distributed differently from those of the group, in nats.",
        "0 to infinity",
        NOBODY,
    ),
    "JS": MetricText(
        "Jensen-Shannon Divergence (JS)",
        1,
        "The same between each and the mean of both, which is always finite.",
        "0 to ln 2",
        NOBODY,
    ),
    "LP": MetricText(
        "L-p Norm (LP)",
        1,
        "Euclidean distance between the two distributions of labels.",
        "0 to 1.414",
        NOBODY,
    ),
    "TVD": MetricText(
        "Total Variation Distance (TVD)",
        1,
        "Half of all differences between the two distributions of labels.",
        "0 to 1",
        NOBODY,
    ),
    "KS": MetricText(
        "Kolmogorov-Smirnov Distance (KS)",
        1,
        "The largest difference of one label between the two distributions.",
        "0 to 1",
        NOBODY,
    ),
    "AD": MetricText(
        "Accuracy Difference (AD)",
        2,
        "Accuracy for the others less accuracy for the group.",
        "-1 to 1",
    ),
    "DAR": MetricText(
        "Difference in Acceptance Rates (DAR)",
        3,
        "Precision for the others less precision for the group.",
        "-1 to 1",
    ),
    "RD": MetricText(
        "Recall Difference (RD)",
        4,
        "Recall for the others less recall for the group.",
        "-1 to 1",
    ),
    "DPPL": MetricText(
        "Difference in Positive Proportions in Predicted Labels (DPPL)",
        None,
        "Share of positive predictions among the others less that in the group.",
        "-1 to 1",
    ),
    "DI": MetricText(
        "Disparate Impact (DI)",
        None,
        "Share of positive predictions in the group, divided by that among the others; 1 is equal.",
        "0 to infinity",
        A,
        1.0,
    ),
    "CDDPL": MetricText(
        "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
        None,
        "The group's share of the negative predictions less that of the positive ones, within each stratum.",
        "-1 to 1",
    ),
    "FT": MetricText(
        "Counterfactual Fliptest (FT)",
        None,
        "Members of the group whose nearest others are mostly predicted better, less those with worse.",
        "-1 to 1",
    ),
    "DCA": MetricText(
        "Difference in Conditional Acceptance (DCA)",
        None,
        "Positive labels for each positive prediction, among the others less in the group.",
        "-infinity to infinity",
    ),
    "DCR": MetricText(
        "Difference in Conditional Rejection (DCR)",
        None,
        "Negative labels for each negative prediction, in the group less among the others.",
        "-infinity to infinity",
        A,
    ),
    "SD": MetricText(
        "Specificity Difference (SD)",
        None,
        "Specificity for the group less specificity for the others.",
        "-1 to 1",
    ),
    "DRR": MetricText(
        "Difference in Rejection Rates (DRR)",
        None,
        "Share of negative predictions that are right, in the group less among the others.",
        "-1 to 1",
        A,
    ),
    "TE": MetricText(
        "Treatment Equality (TE)",
        None,
        "False negatives for each false positive, in the group less among the others.",
        "-infinity to infinity",
    ),
    "GE": MetricText(
        "Generalized Entropy (GE)",
        None,
        "How unequally right and wrong predictions are spread over everybody, whatever the group.",
        "0 to infinity",
        NOBODY,
    ),
}


def against(name: str, value: float) -> str:
    """The facet that a value is to the disadvantage of, a or d; empty for neither.

    >>> against("DPL", 0.2), against("DI", 0.3), against("DRR", 0.1), against("KL", 0.1)
    ('d', 'd', 'a', '')
    """
    text = TEXTS[name]
    if value == text.neutral or not text.positive_against:
        return NOBODY
    over, under = (D, A) if text.positive_against == D else (A, D)
    return over if value > text.neutral else under
