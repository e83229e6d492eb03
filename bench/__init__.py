"""Benchmarks: each is ``python -m bench.NAME [--json FILE]`` and prints a table.

Figures are medians of several rounds on one machine; where two things are compared, they take
turns in one run.
"""
