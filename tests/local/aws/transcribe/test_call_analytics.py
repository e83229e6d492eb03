"""Call analytics jobs, as a client of AWS sees them."""

from tests.local.aws.sagemaker.shapes import problems as compared
from tests.local.aws.transcribe.account import ACCOUNT, HELLO, stop, word

CALL = {
    "channels": 2,
    "seconds": 20.0,
    "items": [
        word("good", 1.0, 1.5, channel=0),
        word("morning", 1.5, 2.0, channel=0),
        stop(2.0, channel=0),
        word("my", 3.0, 3.5, channel=1),
        word("phone", 3.5, 5.0, 0.25, channel=1),
        stop(5.0, channel=1),
        word("yes", 4.5, 5.5, channel=0),
        stop(5.5, channel=0),
    ],
}


def problems(operation, answer):
    return compared(operation, answer, "transcribe")


def transcript(account, name):
    account.transcribe.start_call_analytics_job(**account.call_request(name, CALL))
    assert account.called(name)["CallAnalyticsJobStatus"] == "COMPLETED"
    return account.read(f"calls/{name}.json")


def test_a_job_is_described_as_aws_does(account):
    answer = account.transcribe.start_call_analytics_job(**account.call_request("call", CALL))
    assert problems("StartCallAnalyticsJob", answer) == []
    assert answer["CallAnalyticsJob"]["CallAnalyticsJobStatus"] == "QUEUED"
    job = account.called("call")
    assert job["CallAnalyticsJobStatus"] == "COMPLETED"
    assert job["Transcript"]["TranscriptFileUri"].endswith(f"/{account.bucket}/calls/call.json")
    whole = account.transcribe.get_call_analytics_job(CallAnalyticsJobName="call")
    assert problems("GetCallAnalyticsJob", whole) == []


def test_a_call_becomes_turns(account):
    found = transcript(account, "turns")
    assert (found["JobName"], found["JobStatus"], found["AccountId"], found["LanguageCode"]) == (
        "turns",
        "COMPLETED",
        ACCOUNT,
        "en-US",
    )
    assert found["Participants"] == [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}]
    turns = [(t["ParticipantRole"], t["Content"], t["BeginOffsetMillis"]) for t in found["Transcript"]]
    assert turns == [
        ("AGENT", "good morning.", 1000),
        ("CUSTOMER", "my phone.", 3000),
        ("AGENT", "yes.", 4500),
    ]
    assert found["Transcript"][1]["Items"] == [
        {
            "Type": "pronunciation",
            "BeginOffsetMillis": 3000,
            "EndOffsetMillis": 3500,
            "Content": "my",
            "Confidence": "0.9000",
        },
        {
            "Type": "pronunciation",
            "BeginOffsetMillis": 3500,
            "EndOffsetMillis": 5000,
            "Content": "phone",
            "Confidence": "0.2500",
        },
        {"Type": "punctuation", "Content": ".", "Confidence": "0.0"},
    ]


def test_what_follows_from_the_times_of_the_turns(account):
    found = transcript(account, "times")
    assert found["ConversationCharacteristics"] == {
        "TotalConversationDurationMillis": 20000,
        "TalkTime": {
            "DetailsByParticipant": {
                "AGENT": {"TotalTimeMillis": 2000},
                "CUSTOMER": {"TotalTimeMillis": 2000},
            },
            "TotalTimeMillis": 4000,
        },
        "NonTalkTime": {
            "Instances": [{"BeginOffsetMillis": 5500, "DurationMillis": 14500, "EndOffsetMillis": 20000}],
            "TotalTimeMillis": 14500,
        },
        "TalkSpeed": {
            "DetailsByParticipant": {
                "AGENT": {"AverageWordsPerMinute": 90},
                "CUSTOMER": {"AverageWordsPerMinute": 60},
            }
        },
        "Interruptions": {
            "TotalCount": 1,
            "TotalTimeMillis": 1000,
            "InterruptionsByInterrupter": {
                "AGENT": [{"BeginOffsetMillis": 4500, "DurationMillis": 1000, "EndOffsetMillis": 5500}]
            },
        },
    }


def test_channel_definitions_say_who_is_who(account):
    roles = [{"ChannelId": 1, "ParticipantRole": "AGENT"}, {"ChannelId": 0, "ParticipantRole": "CUSTOMER"}]
    request = account.call_request("swapped", CALL, ChannelDefinitions=roles)
    account.transcribe.start_call_analytics_job(**request)
    account.called("swapped")
    turns = account.read("calls/swapped.json")["Transcript"]
    assert [turn["ParticipantRole"] for turn in turns] == ["CUSTOMER", "AGENT", "CUSTOMER"]


def test_one_channel_is_no_call(account):
    account.transcribe.start_call_analytics_job(**account.call_request("mono", {"items": HELLO}))
    job = account.called("mono")
    assert job["CallAnalyticsJobStatus"] == "FAILED"
    assert "needs a media file with 2 channels" in job["FailureReason"]


def test_other_languages_fail(account):
    request = account.call_request("spanish", CALL, Settings={"LanguageOptions": ["es-US"]})
    account.transcribe.start_call_analytics_job(**request)
    job = account.called("spanish")
    assert "knows US English (en-US) only, and this request asks for es-US" in job["FailureReason"]


def test_a_filter_tags_words_of_a_call(account):
    account.transcribe.create_vocabulary_filter(
        VocabularyFilterName="phones", LanguageCode="en-US", Words=["phone"]
    )
    settings = {"VocabularyFilterName": "phones", "VocabularyFilterMethod": "tag"}
    account.transcribe.start_call_analytics_job(**account.call_request("tagged", CALL, Settings=settings))
    account.called("tagged")
    items = account.read("calls/tagged.json")["Transcript"][1]["Items"]
    assert [item.get("VocabularyFilterMatch") for item in items] == [False, True, None]


def test_jobs_are_listed_and_deleted(account):
    for name in ("gone", "stays"):
        account.transcribe.start_call_analytics_job(**account.call_request(f"list-{name}", CALL))
        account.called(f"list-{name}")
    account.transcribe.delete_call_analytics_job(CallAnalyticsJobName="list-gone")
    answer = account.transcribe.list_call_analytics_jobs(JobNameContains="list-", Status="COMPLETED")
    assert problems("ListCallAnalyticsJobs", answer) == []
    assert [j["CallAnalyticsJobName"] for j in answer["CallAnalyticsJobSummaries"]] == ["list-stays"]
    assert account.read("calls/list-gone.json")["JobName"] == "list-gone"
