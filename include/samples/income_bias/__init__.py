"""Synthetic census rows with a bias that is known."""
