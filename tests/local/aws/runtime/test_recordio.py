import struct

import pytest

from local.aws.runtime.recordio import LONGEST, RecordTooLongError, frame, framed_size


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, LONGEST])
def test_a_record_is_magic_length_and_padding_to_four_bytes(size):
    before, after = frame(size)
    assert struct.unpack("<II", before) == (0xCED7230A, size)
    assert (8 + size + len(after)) % 4 == 0
    assert set(after) <= {0}
    assert framed_size(size) == 8 + size + len(after)


def test_what_no_record_can_hold_is_refused():
    with pytest.raises(RecordTooLongError, match=r"536,870,912 bytes .* holds 536,870,911"):
        frame(LONGEST + 1)
