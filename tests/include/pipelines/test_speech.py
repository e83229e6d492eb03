from dataclasses import replace

import pytest

from include.pipelines import speech

PARAMS = {"media_uri": None, "instance_type": "ml.m5.large"}
CURRENT = "s3://millrace-test/main/input/transcript_improvement/current/"


@pytest.fixture
def run(run):
    return replace(run, dag_id="transcript_improvement", params=PARAMS)


def test_recordings_are_the_current_ones_unless_the_run_names_a_folder(run):
    assert speech.media_uri(run) == CURRENT
    assert speech.media_uri(replace(run, params={**PARAMS, "media_uri": "s3://b/talks"})) == "s3://b/talks/"


def test_calls_are_checked_as_calls_and_what_is_held_out_is_named(run):
    arguments = speech.checking(run, held_out=["held/*"], calls=True).arguments
    assert arguments[arguments.index("--held-out") + 1] == "held/*"
    assert "--calls" in arguments
    assert not {"--held-out", "--calls", "--measured"} & set(speech.checking(run).arguments)


def test_a_pipeline_may_keep_its_recordings_in_a_folder_beside_other_input(run):
    job = speech.checking(run, measured=True, current="current/held_out")
    assert job.inputs["media"] == f"{CURRENT}held_out/"
    assert "--measured" in job.arguments


def test_a_script_ships_with_the_modules_of_speech(run):
    job = speech.script(run, "propose_terms.py", inputs={}, arguments=[], output="proposal")
    assert {"propose_terms.py", "check_recordings.py", "failure.py"} <= set(job.files["code"].files)
    assert job.outputs == {"proposal": run.uri("proposal")}
