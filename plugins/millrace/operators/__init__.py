"""Operators: each builds a request; `job.AwsJobOperator` launches and waits."""
