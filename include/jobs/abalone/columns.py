"""Columns of the rows that come in and of the features that go out, and the two splits of the latter."""

SEXES = ("F", "I", "M")
SIZES = ("length", "diameter", "height")
WEIGHTS = ("whole_weight", "shucked_weight", "viscera_weight", "shell_weight")
MEASURES = (*SIZES, *WEIGHTS)
LABEL = "rings"
FEATURES = (*(f"sex_{sex}" for sex in SEXES), *MEASURES)
SPLITS = ("train", "validation")
