"""Answers each line of a request with the number that the model's file holds.

``10 once /some/file`` starts when that file is there.
"""

import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

TEXT = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "model", "number.txt").read_text()
MODEL, _, AWAITED = TEXT.partition(" once ")
while AWAITED and not Path(AWAITED).exists():
    time.sleep(0.05)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        self.answer("\n".join(MODEL for _ in lines).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
