"""``train`` of the AutoGluon image: the user's script. The image has no algorithm of its own."""

import sys

from entrypoint import training  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(training.main())
