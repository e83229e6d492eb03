"""What is done whenever a task or a run begins or ends, whoever ends it."""
