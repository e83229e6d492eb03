"""``serve`` of the scikit-learn image: the functions that ship with the model, for the image has none."""

import sys

from entrypoint import serving  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(serving.main())
