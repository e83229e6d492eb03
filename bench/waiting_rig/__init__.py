"""What `python -m bench.waiting` measures with: an AWS whose jobs are records, and a real Airflow."""

WORKER = "md/millrace-bench#worker"
"""In the user agent of calls that a task's process would make; the others are the triggerer's."""
