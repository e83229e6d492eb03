"""An image without packages: runs the training code that the hyperparameter `code` holds."""

import json
import os
import pathlib
import sys

base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
hyperparameters = json.loads((base / "input/config/hyperparameters.json").read_text())
try:
    exec(hyperparameters.get("code", ""), {"base": base})
except Exception as error:
    (base / "output").mkdir(exist_ok=True)
    (base / "output/failure").write_text(f"{type(error).__name__}: {error}")
    sys.exit(3)
