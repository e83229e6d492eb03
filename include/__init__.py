"""What the pipelines are made of, without Airflow: requests, gates, job scripts, images."""
