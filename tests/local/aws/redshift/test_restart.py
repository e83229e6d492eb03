"""What is there after the server has ended, in whatever way."""

import time

from local.aws.server import LocalAws
from tests.local.aws.redshift.warehouse import Warehouse, clients
from tests.stack import IMAGES


def test_tables_users_grants_statements_and_results_survive_and_what_ran_has_failed(tmp_path, engine):
    with LocalAws(home=tmp_path, images=IMAGES, port=0) as aws:
        before = Warehouse(clients(aws.endpoint_url))
        before.create()
        before.run(
            ["CREATE TABLE t (n bigint)", "CREATE USER ada PASSWORD DISABLE", "GRANT SELECT ON t TO ada"]
        )
        before.run("INSERT INTO t VALUES " + ", ".join(f"({n})" for n in range(300)))
        result = before.run("SELECT max(n) FROM t")
        slow = before.start(["DELETE FROM t", "SELECT count(*) FROM t", "SELECT 1", LONG])
        until = time.monotonic() + 60
        while before.redshift_data.describe_statement(Id=slow)["Status"] != "STARTED":
            assert time.monotonic() < until
            time.sleep(0.05)
    with LocalAws(home=tmp_path, images=IMAGES, port=0) as aws:
        after = Warehouse(clients(aws.endpoint_url))
        assert after.rows_of(result) == [(299,)]
        described = after.redshift_data.describe_statement(Id=slow)
        assert (described["Status"], "was started again" in described["Error"]) == ("FAILED", True)
        assert after.rows("SELECT count(*) FROM t", "ada") == [(300,)]
        assert "permission denied" in after.refused("DELETE FROM t", "ada")
        after.redshift.delete_cluster(ClusterIdentifier=after.cluster, SkipFinalClusterSnapshot=True)
        after.create()
        assert 'relation "t" does not exist' in after.refused("SELECT * FROM t")
        assert len(list((tmp_path / "redshift").glob("*.duckdb"))) == 1


TWO_HUNDRED = "(" + " UNION ALL ".join(f"SELECT {n} AS n" for n in range(200)) + ")"
LONG = (
    "SELECT count(*) FROM "
    + ", ".join(f"{TWO_HUNDRED} {name}" for name in "abcde")
    + " WHERE (a.n * b.n + c.n * d.n) % 7 = e.n"
)
"""Some minutes of work."""
