"""``python -m local.cli``, the same as `millrace`."""

from local.cli.app import main

main()
