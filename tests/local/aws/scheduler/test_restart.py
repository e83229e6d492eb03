"""What a schedule does about the time in which the server was down."""

import time

from local.aws.server import LocalAws
from tests.local.aws.scheduler.test_schedules import Schedules, soon


def test_a_single_time_is_made_up_for_and_a_repeated_one_is_not(tmp_path):
    place = {"home": tmp_path / "aws", "images": tmp_path / "images"}
    with LocalAws(**place) as aws:
        schedules = Schedules(aws.endpoint_url).furnish()
        queue = schedules.queue("missed")
        schedules.make("done", soon(1), {"Arn": queue, "Input": "done"})
        assert schedules.received("missed")["Body"] == "done"
        schedules.make("once", soon(4), {"Arn": queue, "Input": "once"}, ActionAfterCompletion="DELETE")
        schedules.make("rate", "rate(1 hour)", {"Arn": queue, "Input": "rate"})
        assert schedules.received("missed")["Body"] == "rate"
    time.sleep(4)
    with LocalAws(**place) as aws:
        schedules = Schedules(aws.endpoint_url)
        assert schedules.received("missed")["Body"] == "once"
        assert schedules.is_quiet("missed", 3)
        names = [one["Name"] for one in schedules.scheduler.list_schedules()["Schedules"]]
        assert sorted(names) == ["done", "rate"]
