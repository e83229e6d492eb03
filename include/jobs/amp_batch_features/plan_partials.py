"""Which days of the lake have to be aggregated: those that changed, and no other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from failure import JobError
from lake_days import LakeDay, missing_days
from manifests import Manifest
from tables import EVERY_DAY

NAMED = 10
"""Days that an error names one by one."""


@dataclass(frozen=True)
class Plan:
    """What is to be done before a roll-up.

    Attributes:
        rebuild: days whose partials are missing, or made of other events or by other code.
        unchanged: days whose partials stand.
        window: the days that the versions cover and that the lake had, the oldest first.
        absent: how many days of the versions' windows are older than the lake.
    """

    rebuild: list[date]
    unchanged: list[date]
    window: list[date]
    absent: int


def plan(
    lake: Mapping[date, LakeDay],
    manifests: Mapping[date, Manifest],
    code: str,
    wanted: list[date],
    accepted: Collection[date] = (),
) -> Plan:
    """Compares the lake with the manifests.

    Days that the lake has retired keep the partials that they have. Days before the window are aggregated
    too, for what counts however old it is: follows, notifications, profiles, creators.

    Args:
        lake: its days before the newest version.
        manifests: those that there are.
        code: digest of the code that makes partials.
        wanted: the days of all the versions' windows.
        accepted: days that may be missing.

    Raises:
        JobError: a day of the windows is missing; the sentence names it.
    """
    heard = {day for day, found in lake.items() if EVERY_DAY in found.objects}
    check_complete(heard, wanted, accepted)
    rebuild = [known for known, found in lake.items() if not _stands(manifests.get(known), found, code)]
    known = lake.keys() | manifests.keys()
    first = min(known)
    return Plan(
        rebuild=rebuild,
        unchanged=sorted(known - set(rebuild)),
        window=[each for each in wanted if each in known],
        absent=sum(each < first for each in wanted),
    )


def check_complete(have: Collection[date], wanted: list[date], accepted: Collection[date]) -> None:
    """Raises `JobError` where a wanted day is missing that is not older than all there are."""
    if missing := [day for day in missing_days(have, wanted) if day not in accepted]:
        named = ", ".join(map(str, missing[:NAMED])) + (" ..." if len(missing) > NAMED else "")
        raise JobError(
            f"{len(missing)} of {len(wanted)} days of the window have no {EVERY_DAY}s in the lake: {named}. "
            "Let amp_lake process what arrived on them and clear this task, or name them in "
            "known_missing_days."
        )


def _stands(manifest: Manifest | None, found: LakeDay, code: str) -> bool:
    return manifest is not None and (manifest.fingerprint, manifest.code) == (found.fingerprint, code)
