"""Vocabulary filters: words that transcripts mask, leave out or tag.

https://docs.aws.amazon.com/transcribe/latest/dg/vocabulary-filtering.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local.aws.services.transcribe import storage, validation
from local.aws.services.transcribe.base import TranscribeRecords
from local.aws.services.transcribe.files import small_file
from local.aws.services.transcribe.listing import listed
from local.aws.services.transcribe.records import Request, VocabularyFilter, now
from local.aws.services.transcribe.validation import BadRequestError, ConflictError, LimitExceededError

MASK = "***"
MOST = 100
MAX_BYTES = 50 * 1024


class WordFilter:
    """A filter as one job applies it. Words match whole and in any case."""

    def __init__(self, words: Iterable[str], method: str) -> None:
        self._words = {word.lower() for word in words}
        self._method = method

    def applied(self, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The engine's items with the filter's words masked, gone, or with ``filtered`` saying so."""
        if not self._words:
            return [dict(item) for item in items]
        return [changed for item in items if (changed := self._item(item)) is not None]

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        others = [self._masked(other) for other in item.get("alternatives") or [] if self._stays(other)]
        if self._method == "tag":
            return {**item, "filtered": self._matches(item)}
        if not self._stays(item):
            return None
        return {**self._masked(item), "alternatives": others}

    def _matches(self, item: Mapping[str, Any]) -> bool:
        return str(item["content"]).lower() in self._words

    def _stays(self, item: Mapping[str, Any]) -> bool:
        return self._method != "remove" or not self._matches(item)

    def _masked(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {**item, "content": MASK} if self._method == "mask" and self._matches(item) else {**item}


class FilterOperations(TranscribeRecords):
    """The part of the backend that keeps vocabulary filters."""

    def new_filter(self, request: Request) -> dict[str, Any]:
        """CreateVocabularyFilter."""
        validation.check_request("CreateVocabularyFilter", request)
        name = request["VocabularyFilterName"]
        if name in self.vocabulary_filters:
            raise ConflictError(
                "The requested vocabulary filter name already exists. Use a different vocabulary filter name."
            )
        if len(self.vocabulary_filters) >= MOST:
            raise LimitExceededError(f"You have {MOST} vocabulary filters already: delete one first.")
        words = self._words(request)
        description = {
            "VocabularyFilterName": name,
            "LanguageCode": request["LanguageCode"],
            "LastModifiedTime": now(),
        }
        arn = self.arn("vocabulary-filter", name)
        found = VocabularyFilter(arn, self.region_name, description, request.get("Tags") or [], words)
        self._keep(found)
        self.vocabulary_filters[name] = found
        return found.description

    def change_filter(self, request: Request) -> dict[str, Any]:
        """UpdateVocabularyFilter: the words are replaced."""
        validation.check_request("UpdateVocabularyFilter", request)
        found = self._filter("UpdateVocabularyFilter", request["VocabularyFilterName"])
        found.words = self._words(request)
        self._keep(found)
        found.update(LastModifiedTime=now())
        return found.description

    def get_filter(self, request: Request) -> dict[str, Any]:
        """GetVocabularyFilter."""
        found = self._filter("GetVocabularyFilter", request["VocabularyFilterName"])
        bucket = storage.dictionaries(self.region_name)
        address = storage.temporary_address(bucket, found.service_key, self.region_name)
        return found.description | {"DownloadUri": address}

    def list_filters(self, request: Request) -> dict[str, Any]:
        """ListVocabularyFilters."""
        validation.check_request("ListVocabularyFilters", request)
        filters = self.vocabulary_filters.values()
        return listed("ListVocabularyFilters", "VocabularyFilters", filters, request)

    def remove_filter(self, request: Request) -> None:
        """DeleteVocabularyFilter. Jobs that have begun keep its words."""
        found = self._filter("DeleteVocabularyFilter", request["VocabularyFilterName"])
        del self.vocabulary_filters[found.name]

    def usable_filter(self, name: str, language: str | None) -> VocabularyFilter:
        """The filter that a job names. Raises `BadRequestError` where the job cannot use it."""
        found = self.vocabulary_filters.get(name)
        if found is None:
            raise BadRequestError(
                "The requested vocabulary filter couldn't be found. Check the vocabulary filter name and try "
                "your request again."
            )
        if language and found.description["LanguageCode"] != language:
            raise BadRequestError(
                f"The vocabulary filter {name} is for {found.description['LanguageCode']} and the job for "
                f"{language}: name a filter of the job's language."
            )
        return found

    def _keep(self, found: VocabularyFilter) -> None:
        """Writes the words to where `GetVocabularyFilter` finds them."""
        text = "".join(f"{word}\n" for word in found.words)
        storage.put_text(storage.dictionaries(self.region_name), found.service_key, text, self.region_name)

    def _filter(self, operation: str, name: str) -> VocabularyFilter:
        found = self.vocabulary_filters.get(name)
        if found is None:
            raise validation.not_found(operation, "vocabulary filter")
        return found

    def _words(self, request: Request) -> list[str]:
        words, uri = request.get("Words"), request.get("VocabularyFilterFileUri")
        if (words is None) == (uri is None):
            raise BadRequestError("Either Words or VocabularyFilterFileUri field should be provided.")
        validation.check_role(request.get("DataAccessRoleArn"), self.account_id, self.region_name)
        if uri is not None:
            content = small_file(uri, "VocabularyFilterFileUri", self.account_id, self.region_name, MAX_BYTES)
            words = [line.strip() for line in content.splitlines() if line.strip()]
        if not words:
            raise BadRequestError("The vocabulary filter that you're trying to create has no words.")
        return list(words)
