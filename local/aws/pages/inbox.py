"""The inbox: texts and e-mail that SNS delivered to people, as a page and as JSON."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from local.aws.deliveries import Delivery, newest_first
from local.aws.pages.frame import INBOX, Crumb, NotThereError, page, second

if TYPE_CHECKING:
    from local.aws.server import LocalAws

DOCUMENT = "messages.json"


class Inbox:
    """Answers below :data:`~local.aws.pages.frame.INBOX`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._account = aws.account_id

    def answer(self, _request: Any, where: str) -> Any:
        """The list, or at ``messages.json`` the same as JSON; newest first.

        Raises:
            NotThereError: there is no such page.
        """
        deliveries = newest_first(self._account)
        if where == DOCUMENT:
            body = json.dumps([_document(delivery) for delivery in deliveries], indent=1)
            return Response(body, content_type="application/json")
        if where:
            raise NotThereError(f"There is no page {where!a} of the inbox, only {DOCUMENT}.")
        crumbs = [Crumb("Inbox", INBOX)]
        address = f"{INBOX}{DOCUMENT}"
        return page("inbox.html", "Inbox", crumbs, deliveries=deliveries, second=second, json_address=address)


def _document(delivery: Delivery) -> dict[str, Any]:
    return asdict(delivery) | {"time": delivery.time.isoformat(timespec="milliseconds")}
