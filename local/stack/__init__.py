"""The processes of a laptop's stack: the local AWS and Airflow, on loopback only."""
