"""The HTTP side: operations of moto's Transcribe responses that this service answers itself."""

import json
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.transcribe.responses import TranscribeResponse

if TYPE_CHECKING:
    from local.aws.services.transcribe.backend import LocalTranscribe

# One change at a time: of two requests for one name, one is refused.
_changes = threading.RLock()

Params = dict[str, Any]
Operation = Callable[["LocalTranscribe", Params], dict[str, Any] | None]

OPERATIONS: dict[str, Operation] = {
    "start_transcription_job": lambda b, p: b.start_job(p),
    "get_transcription_job": lambda b, p: b.get_job(p),
    "list_transcription_jobs": lambda b, p: b.list_jobs(p),
    "delete_transcription_job": lambda b, p: b.delete_transcription(p),
    "start_call_analytics_job": lambda b, p: b.start_call(p),
    "get_call_analytics_job": lambda b, p: b.get_call(p),
    "list_call_analytics_jobs": lambda b, p: b.list_calls(p),
    "delete_call_analytics_job": lambda b, p: b.delete_call(p),
    "create_vocabulary": lambda b, p: b.new_vocabulary(p),
    "update_vocabulary": lambda b, p: b.change_vocabulary(p),
    "get_vocabulary": lambda b, p: b.describe_vocabulary(p),
    "list_vocabularies": lambda b, p: b.list_all_vocabularies(p),
    "delete_vocabulary": lambda b, p: b.remove_vocabulary(p),
    "create_vocabulary_filter": lambda b, p: b.new_filter(p),
    "update_vocabulary_filter": lambda b, p: b.change_filter(p),
    "get_vocabulary_filter": lambda b, p: b.get_filter(p),
    "list_vocabulary_filters": lambda b, p: b.list_filters(p),
    "delete_vocabulary_filter": lambda b, p: b.remove_filter(p),
    "create_language_model": lambda b, p: b.new_language_model(p),
    "describe_language_model": lambda b, p: b.describe_model(p),
    "list_language_models": lambda b, p: b.list_models(p),
    "delete_language_model": lambda b, p: b.remove_language_model(p),
    "tag_resource": lambda b, p: b.tag(p),
    "untag_resource": lambda b, p: b.untag(p),
    "list_tags_for_resource": lambda b, p: b.tags_of(p),
}


def install() -> None:
    """Puts the operations into moto's response class; doing it again changes nothing."""
    for name, operation in OPERATIONS.items():
        reads = name.startswith(("get_", "list_", "describe_"))
        setattr(TranscribeResponse, name, _handler(operation, reads=reads))


def _handler(operation: Operation, *, reads: bool) -> Callable[[TranscribeResponse], ActionResult]:
    def handle(self: TranscribeResponse) -> ActionResult:
        backend = cast("LocalTranscribe", self.transcribe_backend)
        with nullcontext() if reads else _changes:
            answer = operation(backend, json.loads(self.body or "{}"))
        return EmptyResult() if answer is None else ActionResult(answer)

    return handle
