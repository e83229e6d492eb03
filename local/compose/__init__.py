"""What the services of docker-compose.yaml need once: generated passwords, the resources, Airflow's pools."""
