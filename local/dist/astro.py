"""The layout of Astronomer: an Astro project, which `astro deploy` builds into an image.

The project's folder becomes ``/usr/local/airflow``.
"""

import shutil
from pathlib import Path

from local.dist import requirements, sources

NAME = "astro"
NEXT = "`astro dev start` runs it, `astro deploy` deploys it"
RUNTIME = "astrocrpublic.azurecr.io/runtime:3.3-8"
"""Astro Runtime with Airflow 3.3."""

CONFIG = """\
project:
  name: millrace
"""
"""Without this file the Astro CLI takes a folder for no project."""

DOCKERFILE = f"""\
FROM {RUNTIME}
# For `include`, in every process of Airflow.
ENV PYTHONPATH=/usr/local/airflow${{PYTHONPATH:+:$PYTHONPATH}}
"""


def write(repository: Path, folder: Path) -> None:
    """Write the layout into an empty folder."""
    for name in ("dags", "plugins", "include"):
        sources.copy(repository / name, folder / name)
    shutil.copyfile(repository / "airflow_settings.yaml", folder / "airflow_settings.yaml")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("\n".join(requirements.beside_airflow(repository)) + "\n")
    (folder / "packages.txt").write_text("")
    (folder / ".astro").mkdir()
    (folder / ".astro" / "config.yaml").write_text(CONFIG)
    (folder / ".dockerignore").write_text("**/__pycache__\n.astro\n.env\n.git\n")
