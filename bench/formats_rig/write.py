"""Writes the same rows in every format: ``write.py SAMPLE ROWS FOLDER``.

A row is one of the sample's with its measures changed at random by up to a tenth, so that the columns have
as many different values as real ones.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from boosting import recordio  # type: ignore[import-not-found]
from boosting.record_pb2 import Record  # type: ignore[import-not-found]
from pyarrow import parquet
from sklearn.datasets import dump_svmlight_file

FILES = 4


def sample(path: Path) -> pd.DataFrame:
    """The label, a column for each sex, and the measures; rows that are none are left out."""
    names = [*("sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings")]
    table = pd.read_csv(path, names=names)
    numbers = table[names[1:]].apply(pd.to_numeric, errors="coerce").dropna()
    sexes = pd.get_dummies(table["sex"].loc[numbers.index], prefix="sex")[["sex_F", "sex_I", "sex_M"]]
    return pd.concat([numbers[["rings"]], sexes, numbers[names[1:-1]]], axis=1).astype("float32")


def with_noise(table: pd.DataFrame, rows: int, draw: np.random.Generator) -> pd.DataFrame:
    """So many rows, drawn with replacement."""
    drawn = table.iloc[draw.integers(len(table), size=rows)].reset_index(drop=True)
    noise = draw.uniform(0.9, 1.1, size=(rows, 7))
    drawn.iloc[:, 4:] = np.round(drawn.iloc[:, 4:] * noise, 4).astype("float32")
    return drawn


def records(table: pd.DataFrame) -> Iterator[bytes]:
    """A Record message for each row."""
    for row in table.to_numpy().tolist():
        record = Record()
        record.label["values"].float32_tensor.values.append(row[0])
        record.features["values"].float32_tensor.values.extend(row[1:])
        yield record.SerializeToString()


def main(source: str, rows: str, target: str) -> None:
    """Four files of each format."""
    table, draw = sample(Path(source)), np.random.default_rng(42)
    folders = {form: Path(target) / form for form in ("csv", "libsvm", "parquet", "recordio-protobuf")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for number in range(FILES):
        part = with_noise(table, int(rows) // FILES, draw)
        part.to_csv(folders["csv"] / f"{number}.csv", header=False, index=False)
        dump_svmlight_file(
            part.iloc[:, 1:].to_numpy(), part["rings"].to_numpy(), str(folders["libsvm"] / str(number))
        )
        parquet.write_table(pa.Table.from_pandas(part), folders["parquet"] / f"{number}.parquet")
        with (folders["recordio-protobuf"] / str(number)).open("wb") as stream:
            recordio.write(records(part), stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
