"""``train`` of the Horovod image: the user's script, once for each rank of this host.

How many that are is the hyperparameter ``ranks_per_host``, or else the host's number of GPUs, or one.
"""

import sys

from entrypoint import training  # type: ignore[import-not-found]
from ranks import launch  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(training.main(run=launch.run))
