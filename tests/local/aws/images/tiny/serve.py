"""An image without packages: answers with what it was sent, or as the body asks."""

import json
import os
import pathlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
model = {p.name: p.read_text() for p in (base / "model").iterdir() if p.is_file()}
if "refuse" in model:
    sys.exit("this model refuses to load")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(200, b"", "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body == b"wait":
            time.sleep(600)
        if body == b"die":
            os._exit(1)
        if body.isdigit():
            return self._answer(int(body), b"as you wish", "text/plain")
        if body == b"describe":
            seen = {k.lower(): v for k, v in self.headers.items()}
            seen |= {"pid": os.getpid(), "model": model, "variable": os.environ.get("COLOUR")}
            seen["batch"] = {k: v for k, v in os.environ.items() if k.startswith("SAGEMAKER_BATCH")}
            return self._answer(200, json.dumps(seen).encode(), "application/json")
        return self._answer(200, body, self.headers.get("Content-Type", ""))

    def _answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if note := self.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", note.upper())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        print(text % values, flush=True)


address = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(address, Handler).serve_forever()
