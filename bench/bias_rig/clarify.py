"""The same figures by Clarify's open library: ``clarify.py CSV OUTPUT``."""

import json
import sys
from pathlib import Path

import pandas as pd
from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report

POSITIVE = [1]
rows = pd.read_csv(sys.argv[1])
# The library's fliptest refuses a table with text.
numbers = rows.drop(columns="occupation")
sections = {}
for name, stage in (("pre", StageType.PRE_TRAINING), ("post", StageType.POST_TRAINING)):
    [group] = bias_report(
        numbers,
        FacetColumn("sex", ["Female"]),
        LabelColumn("income", rows["income"], POSITIVE),
        stage,
        LabelColumn("predicted", rows["predicted"], POSITIVE),
        group_variable=rows["occupation"],
    )
    sections[name] = {metric["name"]: metric["value"] for metric in group["metrics"]}
Path(sys.argv[2]).write_text(json.dumps({**sections["pre"], **sections["post"]}))
