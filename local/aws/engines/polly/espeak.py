"""Text to speech by eSpeak NG, whose library and voices are in the wheel of ``espeakng-loader``.

eSpeak NG is under the GNU GPL 3: it is loaded into this program's process only.
https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import ctypes
from typing import Any

import espeakng_loader

SYNCHRONOUS = 2
"""Samples go to a callback and no sound device is opened."""
DONT_EXIT = 0x8000
UTF8, SSML = 0x01, 0x10
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class SynthesisError(RuntimeError):
    """eSpeak NG refuses a voice or a text."""


def speak(text: str, voice: str, *, ssml: bool) -> tuple[bytes, int]:
    """Signed 16-bit mono samples, and how many there are in a second.

    Args:
        text: Plain text, or a document whose root is ``speak``.
        voice: A language of eSpeak NG and a variant of its voice, such as ``en-us+f3``.
        ssml: Whether the text is a document.

    Raises:
        SynthesisError: there is no such voice, or the text cannot be spoken.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), DONT_EXIT)
    if rate < 0:
        raise SynthesisError("eSpeak NG cannot read its data.")
    if library.espeak_SetVoiceByName(voice.encode()):
        raise SynthesisError(f"eSpeak NG has no voice {voice!r}.")
    return _samples(library, text.encode(), UTF8 | (SSML if ssml else 0)), rate


def _samples(library: Any, text: bytes, flags: int) -> bytes:
    samples = bytearray()

    def hear(block: Any, count: int, _events: Any) -> int:
        if block and count:
            samples.extend(ctypes.string_at(block, count * ctypes.sizeof(ctypes.c_short)))
        return 0

    callback = CALLBACK(hear)
    library.espeak_SetSynthCallback(callback)
    size = ctypes.c_size_t(len(text) + 1)
    if library.espeak_Synth(text, size, 0, 0, 0, flags, None, None) or library.espeak_Synchronize():
        raise SynthesisError("eSpeak NG did not take the text.")
    return bytes(samples)
