"""``synthesise.py REQUEST.json``: speaks a text into a file.

The request: ``text``, ``ssml`` (whether the text is a document), ``voice`` (eSpeak NG's name), ``format``
and ``rate`` (Polly's names, samples a second), ``output`` (the path to write).
"""

import json
import sys
from pathlib import Path

from espeak import SynthesisError, speak
from formats import encode


def main(argv: list[str]) -> int:
    """Returns the exit code; a failure is one line on stderr."""
    request = json.loads(Path(argv[0]).read_text())
    try:
        samples, rate = speak(request["text"], request["voice"], ssml=request["ssml"])
    except SynthesisError as error:
        print(error, file=sys.stderr)
        return 1
    Path(request["output"]).write_bytes(encode(samples, rate, request["format"], request["rate"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
