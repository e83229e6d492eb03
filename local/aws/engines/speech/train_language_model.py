"""``train_language_model.py REQUEST.json``: trains a custom language model.

The request has ``training`` and ``tuning``, lists of paths of text files; ``base_model``, NarrowBand or
WideBand; and ``output``, the folder to write. The decoder hears both bands alike, so one language model
serves both. Exit codes: 0 done; 3 the text is at fault and the last line of standard error says how.
"""

import json
import sys
from pathlib import Path

import training
from arpa import write_binary
from faults import EXIT_CODE, CorpusFault
from language_model import LanguageModel
from pronunciation import Pronunciations
from us_english import DICTIONARY


def main(arguments: list[str]) -> int:
    """Runs one request."""
    request = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        trained = training.train(
            [Path(path) for path in request["training"]],
            [Path(path) for path in request["tuning"]],
            Pronunciations(DICTIONARY),
        )
    except CorpusFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_CODE
    model = LanguageModel.in_folder(Path(request["output"]), trained.pronunciations, trained.shown)
    write_binary(trained.ngrams, trained.words, model.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
