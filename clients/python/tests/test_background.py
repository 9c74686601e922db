"""The turn to ask the server."""

import threading
import unittest
from unittest import mock

from keyseal import background
from keyseal.background import Turn


class Turns(unittest.TestCase):
    def test_starts_no_work_while_another_thread_has_the_turn(self):
        turn, done, goes_on = Turn(), [], threading.Event()
        with turn.taken() as is_taken:
            self.assertTrue(is_taken)
            turn.start(lambda: done.append("in the foreground"))
        turn.start(lambda: (goes_on.wait(5), done.append("first")))
        turn.start(lambda: done.append("second"))
        goes_on.set()
        turn.wait(5)
        self.assertEqual(done, ["first"])
        turn.start(lambda: done.append("third"))
        turn.wait(5)
        self.assertEqual(done, ["first", "third"])

    def test_does_not_wait_forever_for_the_turn(self):
        turn, goes_on = Turn(), threading.Event()
        turn.start(lambda: goes_on.wait(5))
        with mock.patch.object(background, "TIMEOUT_SECONDS", 0.05):
            with turn.taken() as is_taken:
                self.assertFalse(is_taken)
        goes_on.set()
        turn.wait(5)
        with turn.taken() as is_taken:
            self.assertTrue(is_taken)

    def test_goes_on_if_no_thread_can_be_started(self):
        turn = Turn()
        with mock.patch("threading.Thread.start", side_effect=RuntimeError("no threads")):
            turn.start(lambda: None)
        with turn.taken() as is_taken:
            self.assertTrue(is_taken)
