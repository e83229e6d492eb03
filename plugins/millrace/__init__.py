"""The Airflow side of Millrace: operators and triggers over AWS jobs."""
