"""One module per pipeline: its requests, gates and decisions, without Airflow."""
