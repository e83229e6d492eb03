"""Custom vocabularies and vocabulary filters, as a client of AWS sees them."""

import json

import httpx
import pytest

from local.aws.services.transcribe.vocabulary_table import INVALID
from tests.local.aws.sagemaker.shapes import problems as compared
from tests.local.aws.transcribe.account import HELLO, until
from tests.local.aws.transcribe.test_refusals import refusal

HEADER = "Phrase\tSoundsLike\tIPA\tDisplayAs"
TABLE = f"{HEADER}\nE.C.-Two\tee-see-too\t\tEC2\nAnnecy\t\tænəsi\t\n"
ROWS = [
    {"phrase": "E.C.-Two", "sounds_like": "ee-see-too", "ipa": "", "display_as": "EC2"},
    {"phrase": "Annecy", "sounds_like": "", "ipa": "ænəsi", "display_as": ""},
]


def problems(operation, answer):
    return compared(operation, answer, "transcribe")


def _asked(account, name, path, **settings):
    """What the engine is asked for by a job with these settings."""
    account.transcript(name, {"items": HELLO, "asked": str(path)}, Settings=settings)
    return json.loads(path.read_text())


def test_a_table_becomes_ready_and_reaches_the_engine(account, tmp_path):
    uri = account.put("tables/cloud.txt", TABLE)
    client = account.transcribe
    made = client.create_vocabulary(VocabularyName="cloud", LanguageCode="en-US", VocabularyFileUri=uri)
    assert problems("CreateVocabulary", made) == []
    assert made["VocabularyState"] == "PENDING"
    found = account.processed("cloud")
    assert problems("GetVocabulary", found) == []
    assert found["VocabularyState"] == "READY"
    assert httpx.get(found["DownloadUri"]).text == TABLE
    assert _asked(account, "with-cloud", tmp_path / "asked", VocabularyName="cloud")["vocabulary"] == ROWS


def test_columns_may_come_in_any_order(account, tmp_path):
    account.vocabulary("ordered", "DisplayAs\tIPA\tPhrase\tSoundsLike\nEC2\t\tE.C.-Two\tee-see-too\n")
    asked = _asked(account, "with-ordered", tmp_path / "asked", VocabularyName="ordered")
    assert asked["vocabulary"] == ROWS[:1]


def test_a_list_of_phrases_is_a_vocabulary(account, tmp_path):
    found = account.vocabulary("list", Phrases=["Los-Angeles", "C.L.I."])
    assert found["VocabularyState"] == "READY"
    assert httpx.get(found["DownloadUri"]).text.splitlines()[1:] == ["Los-Angeles\t\t\t", "C.L.I.\t\t\t"]
    asked = _asked(account, "with-list", tmp_path / "asked", VocabularyName="list")
    assert [row["phrase"] for row in asked["vocabulary"]] == ["Los-Angeles", "C.L.I."]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "Row 1 must be the header"),
        ("Phrase\tIPA\nx\t\n", "Row 1 must be the header"),
        (f"{HEADER}\n", "There are no rows"),
        (f"{HEADER}\na\tb\t\n", "Row 2 has 3 columns instead of 4"),
        (f"{HEADER}\ngood\t\t\t\n\t\t\tnothing\n", "Row 3, Phrase: is empty"),
        (f"{HEADER}\nLos Angeles\t\t\t\n", "Row 2, Phrase: 'Los Angeles' has a blank"),
        (f"{HEADER}\nEC2\t\t\t\n", "Row 2, Phrase: 'EC2' has digits"),
        (f"{HEADER}\nZürich\t\t\t\n", "has characters that English has not: ü"),
        (f"{HEADER}\nC.L.I\t\t\t\n", "lacks the period after the last letter"),
        (f"{HEADER}\nA.B.C-s\t\t\t\n", "lacks the period after the last letter"),
        (f"{HEADER}\n-Hawn\t\t\t\n", "joins nothing"),
        (f"{HEADER}\nx\tex\tɛks\t\n", "Row 2 has both SoundsLike and IPA"),
        (f"{HEADER}\nx\te x\t\t\n", "Row 2, SoundsLike: 'e x' has a blank"),
        (f"{HEADER}\nx\t\t\ty \n", "Row 2, DisplayAs: 'y ' begins or ends with a blank"),
        (f"{HEADER}\n{'x' * 257}\t\t\t\n", "257 characters; the limit is 256"),
        (f"{HEADER}\nx\t\t\t\nx\t\t\t\n", "The phrase 'x' occurs twice"),
    ],
)
def test_a_table_that_breaks_a_rule_fails_with_awss_reason(account, table, says, request):
    found = account.vocabulary(f"bad-{request.node.callspec.indices['table']}", table)
    assert found["VocabularyState"] == "FAILED"
    assert found["FailureReason"].startswith(INVALID)
    assert says in found["FailureReason"]
    assert problems("GetVocabulary", found) == []


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("large", b"x" * 51_201, "51,201 bytes and may have 51,200"), ("latin", b"Z\xfcrich", "is not UTF-8")],
)
def test_a_file_that_is_no_table_fails(account, name, content, says):
    found = account.vocabulary(name, content)
    assert (found["VocabularyState"], says in found["FailureReason"]) == ("FAILED", True)


def test_only_ready_vocabularies_of_the_jobs_language_are_used(account):
    account.vocabulary("unready", "nonsense")
    account.vocabulary("german", Phrases=["Zürich"], LanguageCode="de-DE")
    for name, says in (("unready", "its state is FAILED"), ("german", "is for de-DE and the job for en-US")):
        code, message = refusal(account.start, name=f"with-{name}", Settings={"VocabularyName": name})
        assert (code, says in message) == ("BadRequestException", True), message


def test_an_update_replaces_the_content(account, tmp_path):
    account.vocabulary("changed", "nonsense")
    answer = account.transcribe.update_vocabulary(
        VocabularyName="changed", LanguageCode="en-US", Phrases=["Annecy"]
    )
    assert problems("UpdateVocabulary", answer) == []
    assert answer["VocabularyState"] == "PENDING"
    found = account.processed("changed")
    assert found["VocabularyState"] == "READY"
    assert "FailureReason" not in found
    asked = _asked(account, "with-changed", tmp_path / "asked", VocabularyName="changed")
    assert [row["phrase"] for row in asked["vocabulary"]] == ["Annecy"]


def test_one_name_one_vocabulary(account):
    account.vocabulary("one", Phrases=["x"])
    code, message = refusal(
        account.transcribe.create_vocabulary, VocabularyName="one", LanguageCode="en-US", Phrases=["y"]
    )
    assert code == "ConflictException"
    assert message == "The requested vocabulary name already exists. Use a different vocabulary name."


@pytest.mark.parametrize("content", [{}, {"Phrases": ["x"], "VocabularyFileUri": "s3://speech/x"}])
def test_phrases_or_a_file_but_not_both(account, content):
    code, message = refusal(
        account.transcribe.create_vocabulary, VocabularyName="both", LanguageCode="en-US", **content
    )
    assert code == "BadRequestException"
    assert message == "Either Phrases or VocabularyFileUri field should be provided."


def test_a_vocabulary_in_use_is_not_deleted(account, tmp_path):
    account.vocabulary("used", Phrases=["x"])
    file = tmp_path / "pid"
    account.start("uses", {"hang": str(file)}, Settings={"VocabularyName": "used"})
    until(file.exists, bool)
    code, message = refusal(account.transcribe.delete_vocabulary, VocabularyName="used")
    assert (code, "in use by the job uses" in message) == ("BadRequestException", True)
    account.transcribe.delete_transcription_job(TranscriptionJobName="uses")
    account.transcribe.delete_vocabulary(VocabularyName="used")
    assert refusal(account.transcribe.get_vocabulary, VocabularyName="used")[0] == "NotFoundException"


def test_vocabularies_are_listed_by_state(account):
    account.vocabulary("seen-good", Phrases=["x"])
    account.vocabulary("seen-bad", "nonsense")
    answer = account.transcribe.list_vocabularies(NameContains="seen", StateEquals="FAILED")
    assert problems("ListVocabularies", answer) == []
    assert [v["VocabularyName"] for v in answer["Vocabularies"]] == ["seen-bad"]
    assert answer["Status"] == "FAILED"


def test_a_filter_is_made_changed_and_deleted(account):
    client = account.transcribe
    made = client.create_vocabulary_filter(VocabularyFilterName="f", LanguageCode="en-US", Words=["a", "b"])
    assert problems("CreateVocabularyFilter", made) == []
    uri = account.put("filters/f.txt", "c\nd\n")
    changed = client.update_vocabulary_filter(VocabularyFilterName="f", VocabularyFilterFileUri=uri)
    assert problems("UpdateVocabularyFilter", changed) == []
    found = client.get_vocabulary_filter(VocabularyFilterName="f")
    assert problems("GetVocabularyFilter", found) == []
    assert httpx.get(found["DownloadUri"]).text == "c\nd\n"
    listed = client.list_vocabulary_filters(NameContains="f")
    assert problems("ListVocabularyFilters", listed) == []
    assert [f["VocabularyFilterName"] for f in listed["VocabularyFilters"]] == ["f"]
    client.delete_vocabulary_filter(VocabularyFilterName="f")
    assert refusal(client.get_vocabulary_filter, VocabularyFilterName="f")[0] == "NotFoundException"
