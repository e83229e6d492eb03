"""Where SageMaker looks for the reason of a failure."""

import os
import sys
from pathlib import Path


def report_failure(sentence: str, file: str = "message") -> None:
    """Leaves the sentence for SageMaker: in ``message`` when processing, in ``failure`` when training."""
    path = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sentence)
    print(f"ERROR: {sentence}", file=sys.stderr)
