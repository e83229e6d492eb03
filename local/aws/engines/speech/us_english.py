"""The model of US English that the wheel of pocketsphinx brings."""

from pathlib import Path

import pocketsphinx

_FOLDER = Path(pocketsphinx.get_model_path("en-us"))

ACOUSTIC_MODEL = _FOLDER / "en-us"
DICTIONARY = _FOLDER / "cmudict-en-us.dict"
LANGUAGE_MODEL = _FOLDER / "en-us.lm.bin"
