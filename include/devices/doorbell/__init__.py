"""A doorbell that takes messages: a Raspberry Pi greets whoever comes near, records and uploads.

The folder is all that the Raspberry Pi needs: ``python -m doorbell doorbell.toml`` beside it.
"""
