"""What the caller's files may have wrong with them."""

EXIT_CODE = 3
"""Of a program that ends because of such a fault; its last line on standard error says which."""


class MediaFault(Exception):  # noqa: N818
    """The media cannot be transcribed; the message begins as Amazon Transcribe's failure reasons do.

    https://docs.aws.amazon.com/transcribe/latest/APIReference/API_TranscriptionJob.html
    """


class VocabularyFault(Exception):  # noqa: N818
    """A row of the vocabulary cannot be listened for; the message names it."""


class CorpusFault(Exception):  # noqa: N818
    """No language model can be trained on the text; the message says why."""
