"""Stands in for the engine: the "media" is JSON that says what the result is.

``{"items": [...], ...}`` is the result; ``{"fault": ...}`` a fault of the media; ``{"hang": true}`` a media
file that takes for ever; anything else is a fault of the engine. The request is in the result, as ``asked``.
"""

import json
import os
import sys
import time
from pathlib import Path

request = json.loads(Path(sys.argv[1]).read_text())
said = json.loads(Path(request["media"]).read_text())
if "hang" in said:
    Path(said["hang"]).write_text(str(os.getpid()))
    time.sleep(600)
if "fault" in said:
    print("Decoding", file=sys.stderr)
    print(said["fault"], file=sys.stderr)
    sys.exit(3)
if "asked" in said:
    Path(said["asked"]).write_text(json.dumps(request))
result = {
    "media_format": "wav",
    "sample_rate": 16000,
    "channels": 1,
    "seconds": 10.0,
    "items": said["items"],
    **{name: said[name] for name in ("channels", "seconds") if name in said},
}
Path(request["output"]).write_text(json.dumps(result))
