"""Runs what AWS runs in containers: images, process trees, logs and the files that go in and out."""
