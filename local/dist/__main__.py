"""``python -m local.dist``: writes dist/mwaa and dist/astro."""

import argparse
import sys
from pathlib import Path

from local.dist import astro, mwaa
from local.dist.folder import FolderInUseError, replaced
from local.stack.config import REPOSITORY


def main(arguments: list[str] | None = None) -> int:
    """2 says that a folder in the way was not made by this command."""
    parser = argparse.ArgumentParser(prog="python -m local.dist", description=__doc__)
    parser.add_argument("--to", type=Path, default=REPOSITORY / "dist", help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        for layout in (mwaa, astro):
            with replaced(options.to / layout.NAME) as folder:
                layout.write(REPOSITORY, folder)
            print(f"{options.to / layout.NAME}: {layout.NEXT}")
    except FolderInUseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
