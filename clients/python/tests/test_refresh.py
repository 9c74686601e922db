"""What a running app does while the server answers, is silent, or refuses."""

import threading
import time
from unittest import mock

from keyseal import Status
from keyseal.background import Turn

from . import maker
from .local_server import MemoryStorage
from .maker import DAY, HOUR, LICENSE_KEY, NOW
from .story import Story


class RefreshStory(Story):
    def setUp(self) -> None:
        super().setUp()
        self.app.activate(LICENSE_KEY)
        self.server.requests.clear()


class InTheBackground(RefreshStory):
    def test_a_valid_license_is_refreshed_after_a_third_of_its_time(self):
        self.pass_time(4 * DAY)
        self.check()
        self.assertEqual(self.server.requests, [])
        self.pass_time(1.2 * DAY)
        self.check()
        self.assertEqual(len(self.server.requests), 1)
        self.check()
        self.assertEqual(len(self.server.requests), 1)
        self.assertGreater(self.storage.stored["refreshAt"], self.clock.now + 4 * DAY)

    def test_check_returns_while_the_server_hangs(self):
        hangs = threading.Event()
        self.addCleanup(hangs.set)
        self.server.respond = lambda *_: hangs.wait(20)
        self.pass_time(6 * DAY)
        started = time.monotonic()
        self.assertEqual(self.app.check().state, "valid")
        self.assertEqual(self.app.check().state, "valid")
        self.assertLess(time.monotonic() - started, 1)

    def test_never_refreshes_twice_at_the_same_time(self):
        def answer_slowly(handler, fields):
            time.sleep(0.1)
            handler.send(200, self.server.body(handler.path, fields))

        self.server.respond = answer_slowly
        self.pass_time(6 * DAY)
        threads = [threading.Thread(target=self.app.check) for _ in range(20)]
        threads += [threading.Thread(target=self.app.refresh) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.app.wait(5)
        self.assertEqual(self.server.active_most, 1)
        self.assertLessEqual(len(self.server.requests), 4)

    def test_waits_longer_after_each_failure(self):
        self.refuse_connections()
        self.pass_time(6 * DAY)
        waits = []
        for _ in range(10):
            self.check()
            stored = self.storage.stored
            waits.append((stored["nextAttemptAt"] - self.clock.now) / 60_000)
            asked = len(self.server.requests)
            self.clock.now = stored["nextAttemptAt"] - 1
            self.check()
            self.assertEqual(len(self.server.requests), asked)
            self.clock.now += 1
        self.assertEqual((asked, stored["failures"]), (10, 10))
        for wait, middle in zip(waits, (2, 4, 8, 16, 32, 64, 128, 256, 360, 360)):
            self.assertTrue(middle / 2 <= wait <= middle * 1.5, (wait, middle))

    def test_waits_as_long_as_the_server_asks(self):
        self.pass_time(6 * DAY)
        self.respond(503, "busy", Retry_After="7200")
        self.check()
        self.assertEqual(self.storage.stored["nextAttemptAt"], self.clock.now + 2 * HOUR)

    def test_counts_the_attempt_before_it_asks(self):
        seen = []

        def respond(handler, fields):
            seen.append(self.storage.stored["failures"])
            handler.send(200, self.server.body(handler.path, fields))

        self.server.respond = respond
        self.pass_time(6 * DAY)
        self.check()
        self.assertEqual((seen, self.storage.stored["failures"]), ([1], 0))

    def test_an_answer_about_an_earlier_license_changes_nothing(self):
        other = self.start()
        for code in (None, 204, 302):

            def respond(handler, fields, code=code):
                # The license is replaced while this request is on its way.
                self.server.respond = self.server.code = None
                other.activate(f"key after {code}")
                self.server.code = code
                handler.send(200, self.server.body(handler.path, fields))

            self.server.respond = respond
            self.pass_time(6 * DAY)
            self.check()
            self.assertEqual(self.storage.stored["licenseKey"], f"key after {code}")
            self.assertEqual(self.app.check(), other.check())
            self.assertTrue(self.app.has("pro"))

    def test_does_not_ask_again_if_another_thread_just_did(self):
        self.pass_time(6 * DAY)
        with mock.patch.object(Turn, "start") as start:
            self.app.check()
        self.app.refresh()
        start.call_args.args[0]()
        self.assertEqual(len(self.server.requests), 1)


class WithoutAServer(RefreshStory):
    def test_runs_on_until_the_end_of_the_grace_period(self):
        self.refuse_connections()
        for days, expected in ((13, "valid"), (15, "grace"), (20, "grace"), (21, "expired")):
            self.clock.now = NOW + days * DAY
            status = self.app.refresh()
            self.assertEqual((status.state, status.reason), (expected, "unreachable"))
            self.assertEqual(self.check().reason, None)
        self.server.respond = None
        self.server.now = self.clock.now
        self.assertEqual(self.app.refresh().state, "valid")

    def test_silence_never_takes_a_license_away(self):
        bound = {"path": "/", "nonce": "0" * 32, "identifier": maker.IDENTIFIER}
        self.server.code = 204
        replayed = self.server.body("/", {**bound, "license_key": LICENSE_KEY})
        for status, body in (
            (200, ""),
            (200, "<html>Sign in to this network</html>"),
            (500, "error"),
            (401, '{"response":{"code":204}}'),
            (200, replayed),
            (200, "x" * 1_000_001),
        ):
            self.respond(status, body)
            found = self.app.refresh()
            self.assertEqual((found.state, found.reason), ("valid", "not-trusted"), body[:40])
        self.assertEqual(self.app.check().state, "valid")

    def test_follows_no_redirect(self):
        self.respond(302, "", Location=f"{self.server.origin}/elsewhere")
        self.assertEqual(self.app.refresh().reason, "not-trusted")
        self.assertEqual(len(self.server.requests), 1)

    def test_signed_answers_about_other_things_change_nothing(self):
        for code in (100, 103, 150, 215, 804, 2404, 2429, 2500, 2503, 999):
            self.server.code = code
            status = self.app.refresh()
            expected = ("valid", "refused", str(code))
            self.assertEqual((status.state, status.reason, status.code), expected)

    def test_an_answer_with_an_http_error_counts_if_it_is_signed(self):
        self.server.code = 205
        self.server.respond = lambda handler, fields: handler.send(
            503, self.server.body(handler.path, fields)
        )
        self.assertEqual(self.app.refresh().state, "expired")


class IsRefused(RefreshStory):
    def test_a_signed_refusal_counts_until_the_next_file(self):
        for code, state in (
            (201, "unlicensed"),
            (203, "blocked"),
            ("204", "blocked"),
            (205, "expired"),
            (210, "unlicensed"),
        ):
            self.server.code = code
            self.assertEqual(self.app.refresh(), Status(state, code=str(code)))
            self.assertEqual(self.start().check(), Status(state, code=str(code)))
            self.assertFalse(self.app.has("pro"))
            self.server.code = 2429
            self.assertEqual(self.app.refresh().state, state)
            self.server.code = None
            self.assertEqual(self.app.refresh().state, "valid")
            self.assertTrue(self.app.has("pro"))

    def test_a_refusal_in_the_background_counts_at_the_next_check(self):
        self.server.code = 204
        self.pass_time(6 * DAY)
        self.assertEqual(self.check().state, "valid")
        self.assertEqual(self.check().state, "blocked")

    def test_a_refused_app_does_not_ask_at_every_check(self):
        self.server.code = 204
        self.app.refresh()
        for _ in range(5):
            self.check()
        self.assertEqual(len(self.server.requests), 1)

    def test_a_reached_limit_lets_the_file_run_on(self):
        self.server.code = 302
        self.assertEqual(self.app.refresh().state, "valid")
        self.clock.now = NOW + 20 * DAY
        self.assertEqual(self.check().state, "grace")
        self.clock.now = NOW + 21 * DAY
        self.assertEqual(self.check(), Status("limit-reached", code="302"))

    def test_a_reached_limit_does_not_lift_a_refusal(self):
        self.server.code = 204
        self.app.refresh()
        self.server.code = 302
        self.assertEqual(self.app.refresh().state, "blocked")
        self.assertEqual(self.app.check(), Status("blocked", code="204"))


class KnowsTheTime(RefreshStory):
    def test_a_clock_that_is_set_back_stops_the_license(self):
        self.refuse_connections()
        self.clock.now = NOW + 5 * DAY
        self.check()
        self.clock.now = NOW + 4 * DAY - 1
        self.assertEqual(self.check().state, "clock-set-back")
        self.assertFalse(self.app.has("pro"))
        self.clock.now = NOW + 4 * DAY
        self.assertEqual(self.check().state, "valid")

    def test_the_server_heals_a_clock_that_once_ran_ahead(self):
        self.clock.now = NOW + 400 * DAY
        self.refuse_connections()
        self.check()
        self.server.respond = None
        self.clock.now = NOW + DAY
        self.server.now = NOW + DAY
        self.server.file_options = {"issued": NOW}
        self.assertEqual(self.check().state, "clock-set-back")
        self.assertEqual(self.check().state, "valid")
        self.assertEqual(self.storage.stored["highestTime"], NOW + DAY)

    def test_a_wrong_clock_does_not_keep_a_good_file_out(self):
        for days in (-30, 30):
            self.clock.now = NOW + days * DAY
            self.server.file_options = {"features": [str(days)]}
            before = self.storage.stored["file"]
            self.assertIsNone(self.app.refresh().reason)
            self.assertNotEqual(self.storage.stored["file"], before)

    def test_writes_the_highest_time_at_most_once_an_hour(self):
        writes = self.storage.writes
        for _ in range(60):
            self.pass_time(HOUR / 60)
            self.check()
        self.assertEqual(self.storage.writes, writes)
        self.pass_time(1)
        self.check()
        self.assertEqual(self.storage.writes, writes + 1)


class Storage(RefreshStory):
    def test_storage_that_cannot_be_read_counts_as_empty(self):
        self.app = self.start(storage=Unreadable())
        self.assertEqual(self.check(), Status("unlicensed"))
        self.app = self.start(storage=MemoryStorage("\x00 nonsense"))
        self.assertEqual(self.check(), Status("unlicensed"))
        self.assertEqual(self.app.activate(LICENSE_KEY).state, "valid")

    def test_check_works_if_nothing_can_be_written(self):
        self.storage.write = Unreadable().write
        self.pass_time(6 * DAY)
        with mock.patch("threading.excepthook") as failed:
            self.assertEqual(self.check().state, "valid")
        failed.assert_not_called()
        self.assertEqual(self.server.requests, [])

    def test_check_works_if_the_device_cannot_be_read(self):
        device = mock.Mock(identifier=mock.Mock(side_effect=PermissionError("Not readable")))
        self.app = self.start(device=device)
        self.assertEqual(self.check(), Status("unlicensed", reason="wrong-machine"))

    def test_an_app_without_a_license_writes_nothing(self):
        self.storage = MemoryStorage()
        self.app = self.start()
        self.check()
        self.assertEqual((self.storage.writes, self.server.requests), (0, []))

    def test_a_file_on_another_machine_does_not_count(self):
        self.refuse_connections()
        self.app = self.start(device="device-2")
        self.assertEqual(self.check(), Status("unlicensed", reason="wrong-machine"))

    def test_a_tampered_file_is_replaced_by_the_server(self):
        file = self.storage.stored["file"]
        self.storage.text = self.storage.text.replace(file[40:60], file[60:80])
        self.assertEqual(self.check(), Status("tampered", reason="file-invalid"))
        self.assertEqual(self.check().state, "valid")


class Unreadable(MemoryStorage):
    def read(self):
        raise PermissionError("Not readable")

    def write(self, text):
        raise PermissionError("Not writable")
