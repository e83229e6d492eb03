"""Triggers: waiting for what AWS announces."""
