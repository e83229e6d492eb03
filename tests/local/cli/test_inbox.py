"""What `millrace inbox` prints."""

import json

import pytest
from typer.testing import CliRunner

from local.aws.server import LocalAws
from local.cli.app import app
from local.cli.inbox import deliveries
from local.stack.errors import NotRunningError
from tests.local.conftest import connect


@pytest.fixture
def inbox(tmp_path, monkeypatch):
    """The command, and an SNS to fill the inbox."""
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as server:
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("MILLRACE_AWS_PORT", server.endpoint_url.rpartition(":")[2])
        monkeypatch.setenv("COLUMNS", "120")
        yield (
            lambda *words: CliRunner().invoke(app, ["inbox", *words]).output,
            connect(server.endpoint_url, "sns"),
        )


def test_an_empty_inbox_is_one_sentence(inbox):
    command, _ = inbox
    assert command() == "Nothing was delivered.\n"
    assert json.loads(command("--json")) == []


def test_the_newest_message_is_the_first_row(inbox):
    command, sns = inbox
    for text in ("The first.", "The second."):
        sns.publish(PhoneNumber="+15555550100", Message=text)
    header, *rows = command().splitlines()
    assert header.split() == ["time", "to", "text"]
    assert [row.rstrip().split(maxsplit=3)[2:] for row in rows] == [
        ["+15555550100", "The second."],
        ["+15555550100", "The first."],
    ]


def test_a_message_is_neither_markup_nor_a_control_sequence(inbox):
    command, sns = inbox
    sns.publish(PhoneNumber="+15555550100", Message="[bold]loud[/bold] \x1b[2Jgone")
    assert "[bold]loud[/bold] \N{REPLACEMENT CHARACTER}[2Jgone" in command()


def test_json_has_the_whole_message(inbox):
    command, sns = inbox
    sns.publish(PhoneNumber="+15555550100", Message="नमस्ते")
    [message] = json.loads(command("--json"))
    assert message["text"] == "नमस्ते"
    assert set(message) == {"time", "protocol", "to", "text", "message_id", "subject", "topic"}


def test_a_server_that_does_not_answer_is_not_running():
    with pytest.raises(NotRunningError, match="run `millrace up`"):
        deliveries("http://127.0.0.1:9")
