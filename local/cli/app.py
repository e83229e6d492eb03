"""The command line itself: one command per subject, errors as one sentence on stderr."""

import os
import sys

import typer

from local.cli import bias, history, inbox, interrupt, logs, review, run, stack, tensorboard, wer
from local.cli.console import errors
from local.stack.errors import MillraceError

INTERRUPTED = 130

app = typer.Typer(
    name="millrace",
    help="Run machine-learning pipelines of AWS on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the run failed, 2 something is missing or wrong, 3 nothing is running.",
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(run.run)
app.command()(run.trigger)
app.command()(logs.logs)
app.command()(history.history)
app.command()(tensorboard.tensorboard)
app.command()(interrupt.interrupt)
app.command()(review.review)
app.command()(inbox.inbox)
app.command()(wer.wer)
app.command()(bias.bias)


def main() -> None:
    """Entry point of the `millrace` command."""
    _isolate()
    try:
        app()
    except MillraceError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _isolate() -> None:
    """Boto3 would look for the user's profile and endpoints even when a client names its own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO"))]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
