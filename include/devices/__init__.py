"""Programs for devices that send their data to a pipeline."""
