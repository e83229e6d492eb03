"""Hooks: calls to AWS that several operators share."""
