"""What the engine asks the server meanwhile, a line of JSON each way.

When the server goes away, so does the engine, whatever it does: nothing of a transaction is kept then.
"""

import json
import os
import queue
import sys
import threading
from typing import Any

from errors import RefusedError

ABANDONED = 4
"""The exit code of an engine whose server went away."""


class Dialogue:
    """Lines from standard input are answers, lines to standard output questions and news."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def request(self) -> Any:
        """What is to be done next."""
        return json.loads(self._lines.get())

    def ask(self, question: str, **details: Any) -> Any:
        """The server's answer.

        Raises:
            RefusedError: the server says why there is none.
        """
        self.tell(question, **details)
        answer = json.loads(self._lines.get())
        if "error" in answer:
            raise RefusedError(str(answer["error"]))
        return answer["answer"]

    def tell(self, what: str, **details: Any) -> None:
        """News that nobody answers."""
        print(json.dumps({"what": what, **details}), flush=True)

    def _listen(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        os._exit(ABANDONED)
