"""What the pipelines on speech share: their recordings, checked first, and scripts in the image ``speech``.

Recordings lie below one prefix; a text beside a recording, of the same name but ``.txt``, is its reference.
"""

from collections.abc import Mapping, Sequence

from include.bundles import Bundle
from include.run import Run
from include.sagemaker import INPUT, OUTPUT, Instances, ProcessingJob

IMAGE = "speech"
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-US", "hi-IN")
"""Those whose vocabularies can be checked: see ``include/jobs/speech/character_sets.json``."""
TABLE = "vocabulary.tsv"
"""What a vocabulary's table is called."""


def media_uri(run: Run) -> str:
    """The folder of the recordings: what the run names, else the current one of this environment."""
    uri: str = run.params["media_uri"] or run.input_uri("current/")
    return uri if uri.endswith("/") else f"{uri}/"


def checking(run: Run, *, held_out: Sequence[str] = (), calls: bool = False) -> ProcessingJob:
    """The recordings that Transcribe takes, and the others with the reason."""
    return script(
        run,
        "check_recordings.py",
        inputs={"media": media_uri(run)},
        arguments=[
            *("--media", f"{INPUT}/media"),
            *("--uri", media_uri(run)),
            *(["--held-out", *held_out] if held_out else []),
            *(["--calls"] if calls else []),
        ],
        output="recordings",
    )


def recordings_uri(run: Run) -> str:
    """The list of the recordings that go on."""
    return run.uri("recordings", "recordings.json")


def table_check(run: Run, table: str) -> ProcessingJob:
    """A vocabulary's table by Transcribe's rules, as people have left it."""
    return script(
        run,
        "check_vocabulary.py",
        inputs={"table": table},
        arguments=["--table", f"{INPUT}/table", "--language", run.params["language_code"]],
        output="vocabulary",
    )


def table_uri(run: Run) -> str:
    """The table that has passed the check."""
    return run.uri("vocabulary", TABLE)


def script(
    run: Run, name: str, *, inputs: Mapping[str, str], arguments: Sequence[str], output: str
) -> ProcessingJob:
    """A script of the pipeline or of ``include/jobs/speech``; its output goes below the run's own prefix."""
    return ProcessingJob(
        image=IMAGE,
        command=["python3", f"{INPUT}/code/{name}"],
        arguments=[*arguments, "--output", f"{OUTPUT}/{output}"],
        instances=Instances(run.params["instance_type"]),
        inputs=inputs,
        outputs={output: run.uri(output)},
        files={"code": Bundle.of_job(run.dag_id, "speech")},
        metrics=output,
    )
