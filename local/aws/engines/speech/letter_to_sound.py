# ruff: noqa: RUF002 - letters of the IPA
"""How a word that is in no dictionary is pronounced: by the rules of eSpeak NG.

The library and its rules are in the wheel of ``espeakng-loader``. eSpeak NG is under the GNU GPL 3: it is
loaded into this program's process only, and nothing of it is part of this repository.
https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import re
from functools import cache
from typing import Any

import espeakng_loader

_RETRIEVAL = 2  # AUDIO_OUTPUT_SYNCHRONOUS: no sound device is opened
_DONT_EXIT = 0x8000
_UTF8 = 1
_IPA = 0x02
_LANGUAGE = re.compile(r"\([a-z-]+\)")
"""Said of a word that is read by another language's rules."""


def ipa(text: str) -> str:
    """The pronunciation of ``text`` in US English, in the International Phonetic Alphabet.

    >>> ipa("beep")
    'bˈiːp'
    """
    buffer = ctypes.create_string_buffer(text.encode())
    pointer = ctypes.c_void_p(ctypes.addressof(buffer))
    clauses = []
    while pointer.value:
        clauses.append(_library().espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _IPA).decode())
    return _LANGUAGE.sub("", " ".join(clauses)).strip()


@cache
def _library() -> Any:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    data = espeakng_loader.get_data_path().encode()
    if library.espeak_Initialize(_RETRIEVAL, 0, data, _DONT_EXIT) < 0:
        raise OSError("eSpeak NG cannot read its data.")
    if library.espeak_SetVoiceByName(b"en-us") != 0:
        raise OSError("eSpeak NG has no voice en-us.")
    return library
