"""The `millrace` command: starts the stack, runs pipelines, shows what they did."""

from local.cli.app import main

__all__ = ["main"]
