"""Cost allocation tags: who pays, and what for."""

from include.settings import Settings

MAX_VALUE = 256
"""Characters that AWS allows in a tag's value."""


def task_tags(settings: Settings, dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
    """The tags of what a task launches, by key."""
    values = {
        "environment": settings.environment,
        "tenant": settings.tenant,
        "team": settings.team,
        "dag": dag_id,
        "run": run_id,
        "task": task_id,
    }
    return {f"millrace:{key}": value[:MAX_VALUE] for key, value in values.items()}
