"""Named assets: what a pipeline leaves that another may wait for."""

from airflow.sdk import Asset

ABALONE_MODEL = Asset(name="abalone_model", uri="x-millrace://model/abalone", group="models")
