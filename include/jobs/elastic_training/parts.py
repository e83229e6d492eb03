"""Parts of a data set, and what each of them has to have."""

TRAIN, VALIDATION = "train", "val"
"""As those of ImageNet are named."""
PARTS = (TRAIN, VALIDATION)
FEWEST_CLASSES = 2
