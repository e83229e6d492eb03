"""The layout of Amazon MWAA: dags/, plugins.zip and requirements.txt in one bucket.

MWAA copies ``dags/`` to ``/usr/local/airflow/dags`` and unpacks ``plugins.zip`` into
``/usr/local/airflow/plugins``. Airflow itself puts the plugins folder on the path of every process, and the
DAGs folder only on that of processes that read DAGs. ``include`` is needed by triggerers and API servers too,
so it travels with the plugins; MWAA takes no other PYTHONPATH.
"""

from pathlib import Path

from local.dist import requirements, sources

NAME = "mwaa"
NEXT = "docs/production.md says where each file goes"
CONSTRAINTS = "/usr/local/airflow/dags/constraints.txt"
"""MWAA installs requirements after it has copied dags/, and wants a constraint as the first line."""


def write(repository: Path, folder: Path) -> None:
    """Write the layout into an empty folder."""
    dags = folder / "dags"
    sources.copy(repository / "dags", dags)
    (dags / "constraints.txt").write_text(_text(requirements.constraints(repository)))
    wanted = [f'--constraint "{CONSTRAINTS}"', *requirements.beside_airflow(repository)]
    (folder / "requirements.txt").write_text(_text(wanted))
    sources.write_zip(folder / "plugins.zip", _plugins(repository))


def _plugins(repository: Path) -> dict[str, bytes]:
    members = sources.tree(repository / "plugins")
    # Airflow would take every module below the plugins folder for a plugin.
    members[".airflowignore"] += b"include/\n"
    return members | sources.tree(repository / "include", "include/")


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
