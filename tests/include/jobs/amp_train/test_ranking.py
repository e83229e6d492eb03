"""NDCG by hand, and how the interval behaves; in the image, since it is NumPy that counts."""

import json

import pytest

NDCG = """
import json, sys; import numpy as np, pandas as pd; from ranking import ndcg
rows = pd.DataFrame(json.loads(sys.argv[1]), columns=["hour", "user_id", "show_id", "label", "score"])
found = ndcg(rows, rows["score"].to_numpy(float))
print(json.dumps(dict(zip(found["user_id"], found["ndcg"]))))
"""
DIFFERENCE = """
import json, sys; import numpy as np, pandas as pd; from ranking import difference
rng = np.random.default_rng(5)
users = np.repeat(np.arange(200), 3).astype(str)
first = pd.DataFrame({"hour": np.arange(600), "user_id": users, "ndcg": rng.random(600)})
out = []
for shift, noise in ((0.05, 0.1), (0.0, 0.3)):
    second = first.assign(ndcg=first["ndcg"] + shift + rng.normal(0, noise, 600))
    found = difference(first, second)
    out.append([found.estimate, found.low, found.high])
second = first.assign(ndcg=first["ndcg"] + np.repeat(rng.normal(0, 0.3, 200), 3))
whole = difference(first, second)
each = np.arange(600).astype(str)
alone = difference(first.assign(user_id=each), second.assign(user_id=each))
out.append([whole.high - whole.low, alone.high - alone.low])
print(json.dumps(out))
"""


def test_ndcg_is_that_of_the_definition(in_sklearn_image):
    rows = [
        *(["h", "first", f"s{n}", n == 0, -n] for n in range(5)),
        *(["h", "second", f"s{n}", n == 1, -n] for n in range(5)),
        *(["h", "two", f"s{n}", n in (0, 2), -n] for n in range(5)),
        *(["h", "eleventh", f"s{n}", n == 10, -n] for n in range(12)),
        *(["h", "nothing", f"s{n}", False, -n] for n in range(5)),
    ]
    found = json.loads(in_sklearn_image(NDCG, json.dumps([[*row[:3], int(row[3]), row[4]] for row in rows])))
    assert found == {
        "first": 1.0,
        "second": pytest.approx(0.63093),
        "two": pytest.approx((1 + 0.5) / (1 + 0.63093), rel=1e-4),
        "eleventh": 0.0,
    }


def test_ties_do_not_follow_the_order_of_the_rows(in_sklearn_image):
    rows = [["h", "u", f"s{n}", int(n == 0), 0] for n in range(30)]
    found = [in_sklearn_image(NDCG, json.dumps(each)) for each in (rows, rows[::-1])]
    assert found[0] == found[1]


def test_the_interval_tells_a_difference_from_chance(in_sklearn_image):
    better, chance, (whole, alone) = json.loads(in_sklearn_image(DIFFERENCE))
    assert 0 < better[1] < better[0] < better[2] < 0.1
    assert chance[1] < 0 < chance[2]
    assert whole > 1.4 * alone, "queries of one user depend on each other"
