"""Trainings of several ranks on a local AWS, for `bench.pipe_mode` and `bench.scaling`."""
