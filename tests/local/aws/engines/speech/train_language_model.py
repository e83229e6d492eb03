"""Stands in for the engine: the model is the text that it was trained on."""

import json
import sys
import time
from pathlib import Path

request = json.loads(Path(sys.argv[1]).read_text())
texts = {name: [Path(path).read_text() for path in request[name]] for name in ("training", "tuning")}
if "hang" in texts["training"]:
    time.sleep(600)
if "<html>" in texts["training"]:
    print("The training data has markup in line 1.", file=sys.stderr)
    sys.exit(3)
output = Path(request["output"])
output.mkdir()
(output / "model.json").write_text(json.dumps(texts | {"base_model": request["base_model"]}))
