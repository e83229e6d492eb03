"""``make dist``: the project as Amazon MWAA and as Astronomer take it."""
