"""``sounds.py ROWS``: what the rows of a vocabulary (JSON) sound like and how they are shown, as JSON."""

import json
import sys

from pronunciation import Pronunciations
from us_english import DICTIONARY
from vocabulary import terms

found = terms(json.loads(sys.argv[1]), Pronunciations(DICTIONARY))
print(json.dumps([[term.shown, [" ".join(way) for way in term.pronunciations]] for term in found]))
