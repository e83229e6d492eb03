"""A training job from its channels to its model, on one host or on several."""

import zlib
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


@dataclass(frozen=True)
class Job:
    """What to train.

    Attributes:
        channels: ``train``, and if there are any ``validation`` and ``model``, which holds an earlier model
            to go on from.
        parameters: XGBoost's.
        rounds: how many to train, beside those of an earlier model; with ``process_type`` update, how many
            of its rounds to change and to keep.
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

    @property
    def updates(self) -> bool:
        """Whether the rounds change the trees of an earlier model and add none."""
        return self.parameters.get("process_type") == "update"

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
            spools = self._read()
            members = agree(everyone, spools)
        if everyone.current not in members:
            print(f"Host {everyone.current} has no rows of channel train and takes no part.", flush=True)
            return None
        with cluster.joined(members, cluster.MEMBERS) as group:
            trained = self._train(group, spools)
        return trained if group.first else None

    def _read(self) -> dict[str, Spool]:
        spools = {"train": self.channels["train"].read(weighted=self.weighted)}
        if "validation" in self.channels:
            # The model knows features by their place: they stand in the same order in both channels.
            spools["validation"] = self.channels["validation"].read(
                weighted=self.weighted, columns=spools["train"].names
            )
        return spools

    def _train(self, group: cluster.Group, spools: Mapping[str, Spool]) -> Trained:
        folder = checkpoints.configured()
        earlier = models.earlier(self.channels[MODEL].folder) if MODEL in self.channels else None
        if self.updates and earlier is None:
            raise DataError(f"process_type update changes an earlier model: give it in channel {MODEL}.")
        if self.updates:
            folder = None  # A checkpoint has no more trees than were changed until then.
        start = _resumed(group, folder) or earlier
        for source, model in ((f"The model of channel {MODEL}", earlier), ("The last checkpoint", start)):
            if model:
                models.check_fits(model, spools["train"].columns, source)
                models.check_objective(model, self.parameters.get("objective", "reg:squarederror"), source)
        rounds = Rounds(
            self.parameters,
            self.rounds + (earlier.num_boosted_rounds() if earlier and not self.updates else 0),
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
        DataError: no host has rows of a channel, some hosts have none of ``validation``, or the features or
            their names are not the same everywhere.
    """
    counts = {
        name: group.table([spool.rows, spool.columns, spool.sparse, _digest(spool.names)])
        for name, spool in spools.items()
    }
    members = [host for host, (rows, *_) in counts["train"].items() if rows]
    for name, table in counts.items():
        without = [host for host in members or table if not table[host][0]]
        if len(without) == len(members or table):
            raise DataError(f"Channel {name} has no rows: it needs at least one file that is not empty.")
        if without:
            raise DataError(
                f"Channel {name} has no rows on {', '.join(without)}: give each host at least one file of it."
            )
    _agree_on_names(counts, members)
    _agree_on_columns(counts, spools, members)
    return members


def _digest(names: tuple[str, ...]) -> int:
    """A number from 0 that tells other names, or another order of them, with near certainty."""
    return zlib.crc32("\0".join(names).encode())


def _agree_on_names(counts: Mapping[str, dict[str, list[int]]], members: list[str]) -> None:
    for name, table in counts.items():
        for host in members:
            if table[host][3] != table[members[0]][3]:
                raise DataError(
                    f"Channel {name} has other columns, or the same in another order, on {host} than on "
                    f"{members[0]}: write each file with the same columns in the same order."
                )


def _agree_on_columns(
    counts: Mapping[str, dict[str, list[int]]], spools: Mapping[str, Spool], members: list[str]
) -> None:
    sparse = all(table[host][2] for table in counts.values() for host in members)
    # Rows that leave missing values out need not have their last ones, in no channel.
    deciding = counts.values() if sparse else [counts["train"]]
    columns = max(table[host][1] for table in deciding for host in members)
    for name, table in counts.items():
        for host in members:
            _, found, leaves_out, _ = table[host]
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
