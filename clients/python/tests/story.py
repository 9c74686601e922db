"""What the tests of a running app share: a server, a storage and a clock."""

import unittest
from typing import Any

from keyseal import Keyseal, Status

from .local_server import Clock, LocalServer, MemoryStorage, app


class Story(unittest.TestCase):
    def setUp(self) -> None:
        self.server = LocalServer()
        self.addCleanup(self.server.stop)
        self.storage = MemoryStorage()
        self.clock = Clock()
        self.app = self.start()

    def start(self, **changes: Any) -> Keyseal:
        """Starts the app anew, on the same storage."""
        options = {"storage": self.storage, "clock": self.clock, **changes}
        started = app(self.server.origin, **options)
        self.addCleanup(started.wait, 5)
        return started

    def check(self) -> Status:
        """Checks, and waits for a refresh in the background."""
        status = self.app.check()
        self.app.wait(5)
        return status

    def pass_time(self, milliseconds: float) -> None:
        """For the machine and the server."""
        self.clock.now += int(milliseconds)
        self.server.now += int(milliseconds)

    def refuse_connections(self) -> None:
        """The next requests get no answer: the connection is closed."""
        self.server.respond = lambda *_: None

    def respond(self, status: int, body: str, **headers: str) -> None:
        """The next requests get this unsigned answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.server.respond = lambda handler, _: handler.send(status, body, named)
