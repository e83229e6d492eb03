"""A pipeline in small: results of every kind, a gate that can fail, a schedule that is due."""

import pendulum
from airflow.sdk import Param, dag, get_current_context, task

PARAMS = {
    "input_uri": Param(None, type=["null", "string"], pattern="^s3://"),
    "eta": Param(0.3, type="number", minimum=0, maximum=1),
    "name": Param("demo", type="string"),
    "max_rmse": Param(3.0, type="number"),
}


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
)
def demo():
    """Features, a gate, and a deployment that is skipped."""

    @task
    def features():
        import os  # noqa: PLC0415

        import boto3  # noqa: PLC0415

        params = get_current_context()["params"]
        names = sorted(name for name in os.environ if name.startswith("AWS_"))
        rows = 0
        if params["input_uri"]:
            bucket, _, key = params["input_uri"].removeprefix("s3://").partition("/")
            body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            rows = len(body.splitlines())
        return {"metrics": {"rows_in": rows}, "outputs": {"name": params["name"]}, "environment": names}

    @task
    def gate():
        bound = get_current_context()["params"]["max_rmse"]
        if bound < 2.1:
            raise ValueError(f"rmse 2.1 is over the bound {bound}: train longer")
        return {"metrics": {"rmse": 2.1}, "endpoint": "demo", "prediction": [9.5]}

    @task.short_circuit
    def is_better():
        return False

    @task
    def deploy():
        """Never reached."""

    features() >> gate() >> is_better() >> deploy()


demo()
