"""Amazon Transcribe requests, from what differs between jobs and the settings that do not.

The name of a job or language model is not set here; it belongs to the launch. Vocabularies keep theirs.
"""

from include.transcribe.call_analytics import CallAnalyticsJob
from include.transcribe.language_model import LanguageModel, base_of
from include.transcribe.transcription import TranscriptionJob
from include.transcribe.transcripts import transcript_uri
from include.transcribe.vocabulary import Filter, Vocabulary, VocabularyFilter

__all__ = [
    "CallAnalyticsJob",
    "Filter",
    "LanguageModel",
    "TranscriptionJob",
    "Vocabulary",
    "VocabularyFilter",
    "base_of",
    "transcript_uri",
]
