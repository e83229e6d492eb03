"""Installs torch. Run once, by the Python that it is for.

Which torch that is, pip's own settings say: PyPI's is for GPUs, with CUDA and NCCL beside it.
"""

import subprocess
import sys

TORCH = "torch==2.13.0"


def main() -> None:
    """Leaves it in the environment of this Python."""
    subprocess.run([sys.executable, "-m", "pip", "-qq", "install", TORCH], check=True)


if __name__ == "__main__":
    main()
