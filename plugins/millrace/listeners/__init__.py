"""What is done whenever a task ends, whoever ends it."""
