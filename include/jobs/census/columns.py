"""Columns of the census rows that come in, and how each becomes features.

The names and their order are those of the UCI Adult data, whose files have no header.
"""

UCI_ORDER = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country"),
    "income",
)
LABEL = "income"
CLASSES = {"<=50K": 0, ">50K": 1}

BINNED = ("age", "hours_per_week")
SCALED = ("fnlwgt", "capital_gain", "capital_loss")
ONE_HOT = ("workclass", "education", "occupation")
NUMBERS = (*BINNED, *SCALED)
NEEDED = (*NUMBERS, *ONE_HOT, LABEL)
GROUPS = ("sex", "race")
"""Never features; kept, where the input has them, to ask how good the model is for each group."""

BOUNDS = {
    "age": (0, 120),
    "hours_per_week": (0, 168),
    "fnlwgt": (0, 1e12),
    "capital_gain": (0, 1e12),
    "capital_loss": (0, 1e12),
}
"""Smallest and largest value that can be true, in years, hours, persons and dollars."""
UNKNOWN = "Unknown"
"""The category of a value that the data does not give: empty or ``?``."""
EVERYONE = "everyone"
"""The evaluation over all test rows, where others are by the groups of a column."""
SPLITS = ("train", "test")
