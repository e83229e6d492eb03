"""Programs of ``bench.automl``, run in the image."""
