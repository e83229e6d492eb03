"""How a speaker says what people write: the terms that a synthesiser would read wrongly."""

import re

SPOKEN = {
    "API": "ay P I",
    "AWS": "ay W S",
    "CloudWatch": "cloud watch",
    "EC2": "E C two",
    "ECR": "E C R",
    "GPU": "G P U",
    "IAM": "I ay M",
    "JSON": "jason",
    "Jupyter": "Jupiter",
    "Kubernetes": "koober netties",
    "PyTorch": "pie torch",
    "S3": "S three",
    "SageMaker": "sage maker",
    "XGBoost": "X G boost",
    "boto3": "boto three",
    "hyperparameters": "hyper parameters",
}
"""A lone "A" would be read as the article, hence "ay"."""

_TERM = re.compile(rf"\b({'|'.join(map(re.escape, SPOKEN))})\b")


def spoken(sentence: str) -> str:
    """A sentence as written, in the spelling that a synthesiser reads as a lecturer would say it."""
    return _TERM.sub(lambda term: SPOKEN[term[0]], sentence)
