"""Requests over the network of this machine."""

import time
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from unittest import mock

from keyseal import transport
from keyseal.transport import post_form

from .local_server import LocalServer


class Posts(unittest.TestCase):
    def setUp(self) -> None:
        self.server = LocalServer()
        self.addCleanup(self.server.stop)

    def post(self):
        return post_form(self.server.origin, "key", {"a": "ü +&=", "b": ""})

    def respond(self, status: int, body: str, headers: dict) -> None:
        self.server.respond = lambda handler, _: handler.send(status, body, headers)

    def test_sends_a_form_with_the_api_key_as_a_header(self):
        headers = {}

        def respond(handler, _):
            headers.update(handler.headers.items())
            handler.send(418, "tea")

        self.server.respond = respond
        self.assertEqual(self.post().body, b"tea")
        self.assertEqual(self.server.requests, [{"path": "/", "a": "ü +&="}])
        self.assertEqual(headers["Authorization"], "Bearer key")
        self.assertEqual(headers["User-Agent"].partition("/")[0], "keyseal-python")

    def test_reads_how_long_to_wait(self):
        later = datetime.now(timezone.utc) + timedelta(hours=1)
        for text, expected in (
            ("120", 120_000),
            ("0", 0),
            ("-1", 0),
            ("soon", 0),
            ("9" * 5_000, 999_999_999_000),
            (format_datetime(later - timedelta(hours=2), usegmt=True), 0),
            ("Wed, 99 Foo 2026 25:00:00 GMT", 0),
        ):
            self.respond(503, "", {"Retry-After": text})
            self.assertEqual(self.post().retry_after_ms, expected, text[:40])
        self.respond(429, "", {"Retry-After": format_datetime(later, usegmt=True)})
        self.assertAlmostEqual(self.post().retry_after_ms, 3_600_000, delta=60_000)

    def test_reads_no_more_than_a_megabyte(self):
        self.respond(200, "x" * 1_000_000, {})
        self.assertEqual(len(self.post().body), 1_000_000)
        self.respond(200, "x" * 1_000_001, {})
        self.assertEqual(self.post().body, b"")

    def test_does_not_wait_for_a_server_that_is_silent_or_slow(self):
        def drip(handler, _):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(40):
                handler.wfile.write(b"x")
                time.sleep(0.05)

        for respond in (drip, lambda *_: time.sleep(2)):
            self.server.respond = respond
            with mock.patch.object(transport, "TIMEOUT_SECONDS", 0.3):
                started = time.monotonic()
                self.assertIsNone(self.post())
            self.assertLess(time.monotonic() - started, 1.5)

    def test_a_server_that_cannot_be_reached_is_no_error(self):
        for address in ("http://127.0.0.1:1", "http://keyseal.invalid", "https://127.0.0.1:1"):
            self.assertIsNone(post_form(address, "key", {}))
        self.server.respond = lambda handler, _: handler.wfile.write(b"SSH-2.0\r\n\r\n")
        self.assertIsNone(self.post())
