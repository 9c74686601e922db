"""The app as a process that ends soon after its check."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from keyseal import FileStorage

from . import maker
from .maker import DAY, LICENSE_KEY
from .story import Story

PROGRAM = """
import json, sys
from keyseal import FileStorage, Keyseal
options = json.loads(sys.argv[1])
folder, now = options.pop("folder"), options.pop("now")
print(Keyseal(**options, storage=FileStorage(folder), clock=lambda: now).check().state)
"""


class EndsSoon(Story):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.start(storage=FileStorage(self.folder)).activate(LICENSE_KEY)
        self.pass_time(6 * DAY)

    def run_program(self) -> str:
        options = {
            "server": self.server.origin,
            "api_key": "api-key",
            "product_id": maker.PRODUCT_ID,
            "file_keys": [maker.raw_hex(maker.ED25519)],
            "answer_keys": [maker.pem(maker.ANSWER_KEY)],
            "device": maker.IDENTIFIER,
            "folder": self.folder,
            "now": self.clock.now,
        }
        command = [sys.executable, "-c", PROGRAM, json.dumps(options)]
        root = Path(__file__).parent.parent
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def stored(self) -> dict:
        return json.loads(FileStorage(self.folder).read() or "")

    def test_waits_for_the_refresh_that_it_started(self):
        def answer_slowly(handler, fields):
            time.sleep(0.5)
            handler.send(200, self.server.body(handler.path, fields))

        self.server.respond = answer_slowly
        before = self.stored()["refreshAt"]
        self.assertEqual(self.run_program(), "valid\n")
        self.assertGreater(self.stored()["refreshAt"], before)
        self.assertEqual(self.stored()["failures"], 0)

    def test_several_processes_ask_once(self):
        self.refuse_connections()
        self.server.requests.clear()
        for _ in range(3):
            self.assertEqual(self.run_program(), "valid\n")
        self.assertEqual(len(self.server.requests), 1)
