"""The operations of Transcribe that this service answers in moto's place."""

from local.aws.operations import Operations
from local.aws.services.transcribe.backend import LocalTranscribe

OPERATIONS: Operations[LocalTranscribe] = {
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
