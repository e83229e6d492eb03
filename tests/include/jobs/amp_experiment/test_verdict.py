"""Which figures are shipped, and how harm to a guardrail is told from chance."""

import pytest

PRIMARY = {
    "title": "Likes", "better": 1, "control": 10.0, "treatment": 10.3, "uplift": 0.03, "low": 0.01,
    "high": 0.05, "p_value": 0.004, "harm": 0.998, "detectable": 0.02,
}  # fmt: skip
GUARDRAIL = {**PRIMARY, "title": "Short sessions", "better": -1, "uplift": 0.0, "harm": 0.5}
DECIDED = """verdict.decided(
    "engagement", reading.Comparison(**primary),
    {name: reading.Comparison(**each) for name, each in guardrails.items()}, reading.Plan(0.05, 0.8),
)"""
HOLM = """{name: each.harm for name, each in reading.with_holm(
    {name: reading.Comparison(**each) for name, each in guardrails.items()}).items()}"""


@pytest.mark.parametrize(
    ("primary", "harm", "outcome", "words"),
    [
        ({}, 0.5, "ship", "+3.00%, 95% +1.00% to +5.00% (p = 0.004), and none of 1 guardrails"),
        ({"p_value": 0.05}, 0.5, "do not ship", "may be chance (p = 0.05). Of uplifts of 2.0%"),
        ({"uplift": -0.03}, 0.5, "do not ship", "the treatment is worse"),
        ({}, 0.049, "do not ship", "The guardrail short_sessions is worse"),
        ({}, 0.05, "ship", "none of 1 guardrails"),
        ({"better": -1, "uplift": -0.03}, 0.5, "ship", "none of 1 guardrails"),
    ],
)
def test_only_what_is_surely_better_and_does_no_harm_is_shipped(image, primary, harm, outcome, words):
    guardrails = {"short_sessions": {**GUARDRAIL, "harm": harm}}
    found = image(DECIDED, primary={**PRIMARY, **primary}, guardrails=guardrails)
    assert found["outcome"] == outcome
    assert words in found["sentence"]


def test_of_several_guardrails_the_surest_harm_is_named(image):
    guardrails = {name: {**GUARDRAIL, "harm": harm} for name, harm in (("a", 0.04), ("b", 0.001), ("c", 0.9))}
    assert "The guardrail b is worse" in image(DECIDED, primary=PRIMARY, guardrails=guardrails)["sentence"]


def test_holm_corrects_the_smallest_most(image):
    guardrails = {str(harm): {**GUARDRAIL, "harm": harm} for harm in (0.04, 0.01, 0.6)}
    found = image(HOLM, guardrails=guardrails)
    assert found == {"0.01": pytest.approx(0.03), "0.04": pytest.approx(0.08), "0.6": 0.6}


def test_without_guardrails_there_is_nothing_to_correct(image):
    assert image(HOLM, guardrails={}) == {}
