"""Tasks that wait for what something else does."""
