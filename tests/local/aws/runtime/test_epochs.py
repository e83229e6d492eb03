"""What pipes hold, read from the local S3."""

import gzip

import pytest

from local.aws.runtime import recordio
from local.aws.runtime.epochs import Epochs, NotGzipError
from local.aws.runtime.recordio import RecordTooLongError
from local.aws.runtime.transfer import Item, S3Uri


def _epochs(client, body, **options):
    s3 = client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="a", Body=body)
    return Epochs(s3, [Item(S3Uri("data", "a"), "a")], gzipped=True, **options)


def test_an_object_too_long_for_a_record_is_refused_before_all_of_it_is_unpacked(client, monkeypatch):
    # Its end is missing: to unpack all of it would be another error.
    cut_short = gzip.compress(bytes(40 << 20))[:-100]
    epochs = _epochs(client, cut_short, wrapped=True)
    with pytest.raises(NotGzipError):
        list(epochs.stream(0))
    monkeypatch.setattr(recordio, "LONGEST", 10 << 20)
    with pytest.raises(RecordTooLongError, match=r"at least .* bytes does not fit .* holds 10,485,760"):
        list(epochs.stream(0))
