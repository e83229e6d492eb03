"""Installs torch, and builds Horovod from its source distribution. Run once, by the Python that they are for.

Its source is changed before that. Horovod 0.28.1 asks its compiler for C++14, and the headers of a current
torch need C++20. With Gloo it never sees that a rank hangs: it looks for the missing ones in a list for which
it has reserved memory, but whose size is still 0. And it compiles in two thirds of the time without debug
information, and with torch's headers read once for the five files that include them. With CUDA, which nobody
has tried, each file is compiled for itself.

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
ONE_UNIT = """
if(NOT HAVE_CUDA)
set_target_properties(${PYTORCH_TARGET_LIB} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
set_source_files_properties(${PYTORCH_SOURCES} PROPERTIES UNITY_GROUP torch)
endif()
"""
"""For CMake: https://cmake.org/cmake/help/latest/prop_tgt/UNITY_BUILD_MODE.html"""
CHANGES = (
    *((file, r"set\(CMAKE_CXX_STANDARD 1[0-9]\)", "set(CMAKE_CXX_STANDARD 20)") for file in CMAKE_FILES),
    ("horovod/common/gloo/gloo_controller.cc", r"global_ranks_\.reserve\(", "global_ranks_.resize("),
    (
        "CMakeLists.txt",
        r'string\(REPLACE "-O2" "-O3" CMAKE_CXX_FLAGS_RELWITHDEBINFO .*\)',
        'set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -DNDEBUG")',
    ),
    ("horovod/torch/CMakeLists.txt", r"\Z", ONE_UNIT),
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
