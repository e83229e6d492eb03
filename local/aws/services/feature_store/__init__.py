"""Feature Store's runtime: puts, gets and deletes records.

moto has no such service. Records are not part of the pickled state: a group has millions of them. They are
in ``<home>/feature-store/records.sqlite`` from the moment a request is answered, and in the offline store
some seconds later.

``MILLRACE_OFFLINE_STORE_SECONDS``
    How often the offline store is written. 15 by default; on AWS it may take 15 minutes.
"""

from typing import TYPE_CHECKING

from local.aws.current import Current
from local.aws.services.feature_store.offline import OfflineWriter
from local.aws.services.feature_store.operations import Operations
from local.aws.services.feature_store.store import Store

if TYPE_CHECKING:
    from local.aws.server import LocalAws

store = Current[Store]("Feature Store")
operations = Current[Operations]("Feature Store")
writer = Current[OfflineWriter]("Feature Store")


def install(aws: "LocalAws") -> None:
    """Opens the records."""
    folder = aws.home / "feature-store"
    store.set(Store(folder / "records.sqlite"))
    operations.set(Operations(store(), aws.account_id))
    writer.set(OfflineWriter(store(), aws.images, folder / "scratch"))


def recover() -> None:
    """Begins to write the offline store, first what was left of it."""
    writer().start()


def stop() -> None:
    """Writes the rest of the offline store."""
    writer().stop()
    store().close()
