"""`millrace tensorboard`: TensorBoard on what the training jobs of a run write for it."""

from collections.abc import Mapping
from pathlib import Path

from local.cli.logs import RunId
from local.cli.run import Dag
from local.cli.viewers import Port, Viewer, view
from local.stack.config import HOST


def tensorboard(dag: Dag, run_id: RunId = None, port: Port = 6006) -> None:
    """Open TensorBoard on the training jobs of a pipeline's latest run, until Ctrl-C."""
    view(TENSORBOARD, dag, run_id, port)


def _command(image: Path, folder: Path, port: int) -> tuple[list[str | Path], Mapping[str, str]]:
    server: list[str | Path] = [image / "bin" / "python", "-m", "tensorboard.main", "--logdir", folder]
    return [*server, "--host", HOST, "--port", str(port), "--reload_interval", "10"], {}


TENSORBOARD = Viewer("TensorBoard", "scalars", "tensorboard", "horovod", _command)
