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


def media_uri(run: Run, current: str = "current") -> str:
    """The folder of the recordings: what the run names, else the current one of this environment."""
    return as_folder(run.params["media_uri"] or run.input_uri(current))


def as_folder(uri: str) -> str:
    """The URI with a slash at its end, without which it would be a prefix of other folders' names too."""
    return uri if uri.endswith("/") else f"{uri}/"


def checking(
    run: Run,
    *,
    held_out: Sequence[str] = (),
    calls: bool = False,
    measured: bool = False,
    current: str = "current",
) -> ProcessingJob:
    """The recordings that Transcribe takes, and the others with the reason.

    Args:
        run: whose recordings they are.
        held_out: patterns of recordings that nobody is asked about.
        calls: whether each has an agent and a customer, on a channel each.
        measured: whether they are of no use without a reference.
        current: where they are below the input, when the run names no folder.
    """
    folder = media_uri(run, current)
    return script(
        run,
        "check_recordings.py",
        inputs={"media": folder},
        arguments=[
            *("--media", f"{INPUT}/media"),
            *("--uri", folder),
            *(["--held-out", *held_out] if held_out else []),
            *(["--calls"] if calls else []),
            *(["--measured"] if measured else []),
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
        files={"code": Bundle.of_job(run.dag_id, "speech", "pages")},
        metrics=output,
    )
