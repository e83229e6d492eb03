"""A cluster of the local Redshift, driven as an AWS client drives it."""

import json
import subprocess
import time

from tests.local.conftest import connect

CLUSTER, DATABASE, ADMIN = "warehouse", "dev", "admin"
ADMIN_PASSWORD = "Correct-Horse-1"
WRITER = """
import duckdb, json, sys
for line in sys.stdin:
    query, file = json.loads(line)
    duckdb.sql(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    print(file, flush=True)
"""


SERVICES = ("redshift", "redshift-data", "secretsmanager", "s3", "glue", "sqs", "events")


def clients(endpoint_url):
    """Of one server; to make them takes longer than most calls."""
    return {service.replace("-", "_"): connect(endpoint_url, service) for service in SERVICES}


class Warehouse:
    """Clients of one server, and a cluster."""

    def __init__(self, clients, cluster=CLUSTER):
        vars(self).update(clients)
        self.cluster = cluster
        self.role = f"arn:aws:iam::123456789012:role/{cluster}"

    def create(self):
        self.redshift.create_cluster(
            ClusterIdentifier=self.cluster,
            NodeType="ra3.large",
            MasterUsername=ADMIN,
            MasterUserPassword=ADMIN_PASSWORD,
            DBName=DATABASE,
            IamRoles=[self.role],
        )

    def of(self, **who):
        """Members of a request that say where, and as whom."""
        return {"ClusterIdentifier": self.cluster, "Database": DATABASE, **(who or {"DbUser": ADMIN})}

    def start(self, sql, user=ADMIN, *, secret=None, **options):
        who = {"SecretArn": secret} if secret else {"DbUser": user}
        if values := options.pop("values", None):
            options["Parameters"] = [{"name": name, "value": value} for name, value in values.items()]
        if isinstance(sql, str):
            return self.redshift_data.execute_statement(Sql=sql, **self.of(**who), **options)["Id"]
        return self.redshift_data.batch_execute_statement(Sqls=sql, **self.of(**who), **options)["Id"]

    def ended(self, id_):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            described = self.redshift_data.describe_statement(Id=id_, WaitTimeSeconds=30)
            if described["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return described
        raise AssertionError(f"{id_} does not end: {described}")

    def run(self, sql, user=ADMIN, **options):
        """Runs what has to go well; the id."""
        id_ = self.start(sql, user, **options)
        described = self.ended(id_)
        assert described["Status"] == "FINISHED", described.get("Error")
        return id_

    def refused(self, sql, user=ADMIN, **options):
        """Runs what has to fail; why."""
        described = self.ended(self.start(sql, user, **options))
        assert described["Status"] == "FAILED"
        return described["Error"]

    def rows(self, sql, user=ADMIN, **options):
        return self.rows_of(self.run(sql, user, **options))

    def rows_of(self, id_):
        pages = self.redshift_data.get_paginator("get_statement_result").paginate(Id=id_)
        return [tuple(value_of(field) for field in row) for page in pages for row in page["Records"]]

    def secret(self, name, username, password, **more):
        document = json.dumps({"username": username, "password": password, **more})
        return self.secretsmanager.create_secret(Name=name, SecretString=document)["ARN"]


class ParquetWriter:
    """Rows of a query as a Parquet file, by the engine's library, as the tests' own have none for it."""

    def __init__(self, python, folder):
        self.folder, self.known = folder, {}
        self.process = subprocess.Popen(
            [python, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, query):
        if query not in self.known:
            file = self.folder / f"{len(self.known)}.parquet"
            print(json.dumps([query, str(file)]), file=self.process.stdin, flush=True)
            assert self.process.stdout.readline().strip() == str(file)
            self.known[query] = file.read_bytes()
        return self.known[query]

    def close(self):
        self.process.communicate()


class Lake:
    """Parquet files in S3 and a table of them in the Data Catalog."""

    def __init__(self, warehouse, parquet, name):
        self.warehouse, self.parquet = warehouse, parquet
        self.bucket = self.database = name
        warehouse.s3.create_bucket(Bucket=name)
        warehouse.glue.create_database(DatabaseInput={"Name": name})

    def put(self, key, query):
        self.warehouse.s3.put_object(Bucket=self.bucket, Key=key, Body=self.parquet(query))

    def table(self, name, columns, keys=("day",), kind="Parquet"):
        self.warehouse.glue.create_table(
            DatabaseName=self.database,
            TableInput={
                "Name": name,
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
                "StorageDescriptor": {
                    "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
                    "Location": f"s3://{self.bucket}/{name}/",
                    "InputFormat": f"org.apache.hadoop.hive.ql.io.{kind.lower()}.Mapred{kind}InputFormat",
                },
            },
        )

    def partition(self, table, *values, key="day"):
        self.warehouse.glue.batch_create_partition(
            DatabaseName=self.database,
            TableName=table,
            PartitionInputList=[
                {
                    "Values": [value],
                    "StorageDescriptor": {"Location": f"s3://{self.bucket}/{table}/{key}={value}/"},
                }
                for value in values
            ],
        )

    def attach(self, schema):
        """Makes the database an external schema of the cluster."""
        self.warehouse.run(
            f"CREATE EXTERNAL SCHEMA {schema} FROM DATA CATALOG DATABASE '{self.database}'"
            f" IAM_ROLE '{self.warehouse.role}'"
        )


def value_of(field):
    [(kind, value)] = field.items()
    return None if kind == "isNull" else value
