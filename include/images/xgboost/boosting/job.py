"""A training job from its channels to its model, on one host or on several."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xgboost as xgb
from entrypoint import hosts  # type: ignore[import-not-found]

from . import checkpoints, cluster, matrices, models
from .batch import DataError
from .channels import MODEL, Channel
from .rounds import Rounds, Trained
from .spool import Spool

DATA = ("train", "validation")


@dataclass(frozen=True)
class Job:
    """What to train.

    Attributes:
        channels: ``train``, and if there are any ``validation`` and ``model``, which holds an earlier model
            to go on from.
        parameters: XGBoost's.
        rounds: how many to train, beside those of an earlier model.
        early_stopping: rounds without an improvement on ``validation`` after which training ends.
        weighted: CSV and Parquet have a weight after the label.
        separator: what stands between the values of a round's line in the log.
    """

    channels: Mapping[str, Channel]
    parameters: Mapping[str, Any]
    rounds: int
    early_stopping: int | None = None
    weighted: bool = False
    separator: str = "\t"

    def run(self) -> Trained | None:
        """Reads the channels and trains. None on a host that has nothing to save: another one has.

        Raises:
            DataError: the channels' data, the earlier model or a checkpoint cannot be used.
            HostLostError: another host of the job ended.
        """
        if "train" not in self.channels:
            raise DataError("There is no channel train: the algorithm needs it; validation is optional.")
        print(f"XGBoost {xgb.__version__}", flush=True)
        names = hosts.names()
        with cluster.joined(names) as everyone:
            spools = {
                name: self.channels[name].read(weighted=self.weighted)
                for name in DATA
                if name in self.channels
            }
            members = agree(everyone, spools)
        if everyone.current not in members:
            print(f"Host {everyone.current} has no rows of channel train and takes no part.", flush=True)
            return None
        with cluster.joined(members, cluster.MEMBERS) as group:
            trained = self._train(group, spools)
        return trained if group.first else None

    def _train(self, group: cluster.Group, spools: Mapping[str, Spool]) -> Trained:
        folder = checkpoints.configured()
        earlier = models.earlier(self.channels[MODEL].folder) if MODEL in self.channels else None
        start = _resumed(group, folder) or earlier
        for source, model in ((f"The model of channel {MODEL}", earlier), ("The last checkpoint", start)):
            if model:
                models.check_fits(model, spools["train"].columns, source)
                models.check_objective(model, self.parameters.get("objective", "reg:squarederror"), source)
        rounds = Rounds(
            self.parameters,
            self.rounds + (earlier.num_boosted_rounds() if earlier else 0),
            self.early_stopping if "validation" in spools else None,
            folder if group.first else None,
            self.separator,
            silent=not group.first,
        )
        try:
            data = matrices.build(spools, self.parameters, exact=earlier is not None)
            return rounds.train(data, start)
        except xgb.core.XGBoostError as error:
            if cluster.is_lost(error):
                raise
            raise DataError(f"XGBoost cannot train on this: {models.reason(error)}") from None


def agree(group: cluster.Group, spools: Mapping[str, Spool]) -> list[str]:
    """The hosts with rows to train on. Every host comes to the same result, or raises the same error.

    Raises:
        DataError: no host has rows of a channel, some hosts have none of ``validation``, or the number of
            features is not the same everywhere.
    """
    counts = {name: group.table([spool.rows, spool.columns, spool.sparse]) for name, spool in spools.items()}
    members = [host for host, (rows, _, _) in counts["train"].items() if rows]
    for name, table in counts.items():
        without = [host for host in members or table if not table[host][0]]
        if len(without) == len(members or table):
            raise DataError(f"Channel {name} has no rows: it needs at least one file that is not empty.")
        if without:
            raise DataError(
                f"Channel {name} has no rows on {', '.join(without)}: give each host at least one file of it."
            )
    _agree_on_columns(counts, spools, members)
    return members


def _agree_on_columns(
    counts: Mapping[str, dict[str, list[int]]], spools: Mapping[str, Spool], members: list[str]
) -> None:
    sparse = all(table[host][2] for table in counts.values() for host in members)
    # Rows that leave missing values out need not have their last ones, in no channel.
    deciding = counts.values() if sparse else [counts["train"]]
    columns = max(table[host][1] for table in deciding for host in members)
    for name, table in counts.items():
        for host in members:
            _, found, leaves_out = table[host]
            if found > columns or (found < columns and not leaves_out):
                where = f" on {host}" if len(members) > 1 else ""
                raise DataError(
                    f"Channel {name} has {found} features{where}: expected {columns} as in channel train."
                )
        spools[name].columns = columns


def _resumed(group: cluster.Group, folder: checkpoints.Checkpoints | None) -> xgb.Booster | None:
    """The last checkpoint of the first host, which alone writes them."""
    latest = folder.latest() if folder and group.first else None
    content = group.from_first(latest.save_raw("ubj") if latest else b"")
    if not content:
        return None
    booster = models.load(content, "The checkpoint")
    if group.first:
        done = booster.num_boosted_rounds()
        print(f"Checkpoint {done - 1} is loaded: training goes on with round {done}.", flush=True)
    return booster
