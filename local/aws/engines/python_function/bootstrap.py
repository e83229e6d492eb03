"""What AWS has as ``/var/runtime/bootstrap``: runs AWS's Runtime Interface Client on a function's handler.

Run as ``python bootstrap.py HANDLER`` by the Python of the function's environment. Modules are looked for in
the function's code first, then in its environment, then in the runtime, which brings boto3 as AWS's does.
"""

import os
import sys


def main() -> None:
    """Serves invocations until the process is ended."""
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415  # found by the line above

    serve(sys.argv)


if __name__ == "__main__":
    main()
