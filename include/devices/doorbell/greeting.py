"""Makes the greeting with Polly, once: ``python -m doorbell.greeting "Hello ..." greeting.mp3``.

Runs where there are AWS credentials, as Polly is not among the device's permissions.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_polly import PollyClient
    from mypy_boto3_polly.literals import VoiceIdType

VOICE: "VoiceIdType" = "Joanna"


def make(client: "PollyClient", text: str, file: Path, voice: "VoiceIdType" = VOICE) -> None:
    """Writes ``text``, spoken, as an MP3 file."""
    answer = client.synthesize_speech(Text=text, OutputFormat="mp3", VoiceId=voice)
    file.write_bytes(answer["AudioStream"].read())


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes a greeting with Amazon Polly.")
    parser.add_argument("text", help="what the doorbell says")
    parser.add_argument("file", type=Path, help="MP3 file to write")
    parser.add_argument("--voice", default=VOICE, help="a voice of Polly")
    args = parser.parse_args(argv)
    make(boto3.client("polly"), args.text, args.file, args.voice)
    return 0


if __name__ == "__main__":
    sys.exit(main())
