"""Installs torch, and builds Horovod from its source distribution. Run once, by the Python that they are for.

Two things are changed in its source before that. Horovod 0.28.1 asks its compiler for C++14, and the headers
of a current torch need C++20. With Gloo it never sees that a rank hangs: it looks for the missing ones in a
list for which it has reserved memory, but whose size is still 0.

The network is Gloo, which needs neither MPI nor ssh; with a torch for GPUs and a CUDA toolkit NCCL reduces on
them.
"""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TORCH = "torch==2.13.0"
HOROVOD = "horovod==0.28.1"
CMAKE_FILES = ("CMakeLists.txt", "horovod/torch/CMakeLists.txt")
CHANGES = (
    *((file, r"set\(CMAKE_CXX_STANDARD 1[0-9]\)", "set(CMAKE_CXX_STANDARD 20)") for file in CMAKE_FILES),
    ("horovod/common/gloo/gloo_controller.cc", r"global_ranks_\.reserve\(", "global_ranks_.resize("),
)
WITH = {
    "HOROVOD_WITH_PYTORCH": "1",
    "HOROVOD_WITH_GLOO": "1",
    "HOROVOD_WITHOUT_MPI": "1",
    "HOROVOD_WITHOUT_TENSORFLOW": "1",
    "HOROVOD_WITHOUT_MXNET": "1",
}
WITH_CUDA = {"HOROVOD_GPU_OPERATIONS": "NCCL"}


def main() -> None:
    """Leaves both in the environment of this Python."""
    _pip("install", TORCH)
    with tempfile.TemporaryDirectory(prefix="horovod-") as folder:
        _pip(
            "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", folder, HOROVOD
        )
        [archive] = Path(folder).glob("horovod-*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        source = Path(folder) / archive.name.removesuffix(".tar.gz")
        for name, old, new in CHANGES:
            _change(source / name, old, new)
        options = WITH | (WITH_CUDA if _has_cuda() else {}) | {"MAKEFLAGS": f"-j{os.cpu_count() or 1}"}
        _pip("install", "--no-deps", "--no-build-isolation", str(source), environment=options)


def _has_cuda() -> bool:
    """Whether this torch is one for GPUs, and there is a compiler for them."""
    torch = importlib.import_module("torch")  # only now is it there

    if torch.version.cuda and not shutil.which("nvcc"):
        print("There is no nvcc: gradients are reduced on the host, by Gloo.", flush=True)
    return bool(torch.version.cuda and shutil.which("nvcc"))


def _change(file: Path, old: str, new: str) -> None:
    text, count = re.subn(old, new, file.read_text())
    if not count:
        raise SystemExit(f"{file} has no {old}: this is not the Horovod that is to be built")
    file.write_text(text)


def _pip(*arguments: str, environment: dict[str, str] | None = None) -> None:
    # cmake is a package of the same environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    subprocess.run(
        [sys.executable, "-m", "pip", "-qq", *arguments],
        check=True,
        env={**os.environ, "PATH": path, **(environment or {})},
    )


if __name__ == "__main__":
    main()
