"""The warehouse's cluster, which on AWS is made elsewhere, and who is let in at first."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from local.stack import infrastructure
from local.stack.config import StackConfig
from local.stack.errors import MillraceError

ITEMS = Path(__file__).with_name("warehouse_access.json")


def provide(config: StackConfig, outputs: Mapping[str, str]) -> None:
    """Makes the cluster that the stack's outputs name, and puts the first items; what is there stays.

    Raises:
        MillraceError: the local AWS refuses it.
    """
    try:
        _cluster(infrastructure.client(config, "redshift"), outputs)
        _items(infrastructure.client(config, "dynamodb"), outputs["WarehouseAccessTable"])
    except (ClientError, BotoCoreError) as error:
        name = outputs["WarehouseCluster"]
        raise MillraceError(f"The warehouse {name} cannot be made: {error}") from error


def _cluster(client: Any, outputs: Mapping[str, str]) -> None:
    name = outputs["WarehouseCluster"]
    try:
        client.create_cluster(
            ClusterIdentifier=name,
            NodeType="ra3.large",
            ClusterType="single-node",
            DBName=outputs["WarehouseDatabase"],
            MasterUsername=outputs["WarehouseUser"],
            # Nobody is told: the pipeline logs in by temporary credentials.
            MasterUserPassword=f"Aa1{secrets.token_urlsafe(24)}",
            IamRoles=[outputs["WarehouseRoleArn"]],
        )
    except client.exceptions.ClusterAlreadyExistsFault:
        return


def _items(client: Any, table: str) -> None:
    if client.scan(TableName=table, Limit=1)["Items"]:
        return
    plain = TypeSerializer()
    items: list[dict[str, Any]] = json.loads(ITEMS.read_text(encoding="utf-8"))
    for item in items:
        typed = {name: plain.serialize(value) for name, value in item.items()}
        client.put_item(TableName=table, Item=typed)
