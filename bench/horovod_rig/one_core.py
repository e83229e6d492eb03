"""The training, each rank on one core: alone it would take all of them, and two ranks share them."""

import sys

import torch  # type: ignore[import-not-found]

import train  # type: ignore[import-not-found]

if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(train.main())
