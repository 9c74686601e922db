"""The table of states, with its edges."""

import unittest
from typing import Optional

from keyseal import Status, verify_file
from keyseal.record import BACKOFF_MAX_MS, WAIT_MAX_MS, Record, Refusal, with_attempt, with_delay
from keyseal.state import decide, is_refresh_due

from . import maker
from .maker import DAY, HOUR, NOW, license_file

GRACE_DAYS = 7
KEY_ONLY = Record(license_key=maker.LICENSE_KEY, highest_time=NOW)
EXPIRY = NOW + 14 * DAY


def status(record: Record, file: Optional[str], now: int) -> Status:
    verdict = file and verify_file(
        file,
        license_key=maker.LICENSE_KEY,
        identifier=maker.IDENTIFIER,
        product_id=maker.PRODUCT_ID,
        file_keys=[maker.raw_hex(maker.ED25519)],
        now=now,
    )
    return decide(record, verdict or None, now, GRACE_DAYS * DAY)


class States(unittest.TestCase):
    def states(self, record: Record, file: Optional[str], expected: dict) -> None:
        for now, state in expected.items():
            with self.subTest(now - NOW):
                found = status(record, file, now)
                self.assertEqual((found.state, found.days_left), state)
                self.assertEqual(found.features, ("pro",) if state[0] in ("valid", "grace") else ())

    def test_a_license_that_never_ends(self):
        self.states(
            KEY_ONLY,
            license_file(),
            {
                NOW: ("valid", None),
                NOW - DAY: ("valid", None),
                NOW - DAY - 1: ("clock-set-back", 0),
                EXPIRY - 1: ("valid", None),
                EXPIRY: ("grace", 7),
                EXPIRY + 1: ("grace", 7),
                EXPIRY + 6 * DAY: ("grace", 1),
                EXPIRY + 7 * DAY - 1: ("grace", 1),
                EXPIRY + 7 * DAY: ("expired", 0),
            },
        )

    def test_a_license_that_ends(self):
        end = NOW + 10 * DAY
        file = license_file(expires_at=end)
        self.states(
            KEY_ONLY,
            file,
            {
                NOW: ("valid", 10),
                NOW + 1: ("valid", 10),
                end - DAY: ("valid", 1),
                end - 1: ("valid", 1),
                end: ("valid", 0),
                end + DAY: ("valid", 0),
                EXPIRY: ("grace", 7),
            },
        )
        self.assertEqual(maker.iso(end), "2026-12-04T08:30:00.000Z")
        for now in (NOW, EXPIRY, EXPIRY + 8 * DAY, NOW - 2 * DAY):
            self.assertEqual(status(KEY_ONLY, file, now).expires_at.isoformat()[:10], "2026-12-04")

    def test_a_clock_is_compared_with_the_highest_time_ever_seen(self):
        record = Record(license_key=maker.LICENSE_KEY, highest_time=NOW + 5 * DAY)
        self.states(
            record,
            license_file(),
            {
                NOW + 4 * DAY: ("valid", None),
                NOW + 4 * DAY - 1: ("clock-set-back", 0),
            },
        )

    def test_without_grace_a_file_ends_at_its_expiry(self):
        verdict = verify_file(
            license_file(),
            license_key=maker.LICENSE_KEY,
            identifier=maker.IDENTIFIER,
            product_id=maker.PRODUCT_ID,
            file_keys=[maker.raw_hex(maker.ED25519)],
            now=EXPIRY,
        )
        self.assertEqual(decide(KEY_ONLY, verdict, EXPIRY, 0).state, "expired")

    def test_no_license_key(self):
        self.assertEqual(status(Record(), license_file(), NOW), Status("unlicensed"))

    def test_no_file(self):
        self.assertEqual(status(KEY_ONLY, None, NOW), Status("unlicensed"))

    def test_a_reached_limit_counts_when_no_file_does(self):
        record = Record(license_key=maker.LICENSE_KEY, limit_reached=True)
        self.assertEqual(status(record, None, NOW), Status("limit-reached", code="302"))
        self.assertEqual(status(record, license_file(), NOW).state, "valid")
        self.assertEqual(status(record, license_file(), EXPIRY).state, "grace")
        late = status(record, license_file(), EXPIRY + 7 * DAY)
        self.assertEqual(late, Status("limit-reached", code="302"))

    def test_a_refusal_counts_before_any_file(self):
        for code, state in {
            "201": "unlicensed",
            "203": "blocked",
            "204": "blocked",
            "205": "expired",
            "210": "unlicensed",
        }.items():
            record = Record(license_key=maker.LICENSE_KEY, refusal=Refusal(code, NOW))
            self.assertEqual(status(record, license_file(), NOW), Status(state, code=code))

    def test_files_that_are_not_for_this_app(self):
        for file, expected in {
            "text": Status("tampered", reason="file-invalid"),
            license_file(identifier="other"): Status("unlicensed", reason="wrong-machine"),
            license_file(product_id=8): Status("unlicensed", reason="other-product"),
        }.items():
            for now in (NOW, NOW - 9 * DAY, NOW + 99 * DAY):
                self.assertEqual(status(KEY_ONLY, file, now), expected)


class Refreshes(unittest.TestCase):
    def test_is_due_at_its_time_or_in_any_state_but_valid(self):
        record = Record(license_key=maker.LICENSE_KEY, refresh_at=NOW)
        for now, state, expected in (
            (NOW - 1, "valid", False),
            (NOW, "valid", True),
            (NOW - 1, "grace", True),
            (NOW - 1, "blocked", True),
            (NOW - 1, "clock-set-back", True),
        ):
            self.assertEqual(is_refresh_due(record, state, now), expected)
        self.assertFalse(is_refresh_due(Record(), "unlicensed", NOW))

    def test_waits_for_the_next_attempt_unless_the_clock_was_set_back(self):
        record = Record(license_key=maker.LICENSE_KEY, next_attempt_at=NOW)
        for now, expected in (
            (NOW, True),
            (NOW - 1, False),
            (NOW - WAIT_MAX_MS, False),
            (NOW - WAIT_MAX_MS - 1, True),
        ):
            self.assertEqual(is_refresh_due(record, "grace", now), expected)

    def test_waits_longer_after_each_failure(self):
        record, waits = KEY_ONLY, []
        for _ in range(12):
            record = with_attempt(record, NOW, 0.5)
            waits.append((record.next_attempt_at - NOW) // 60_000)
        self.assertEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360, 360])
        many = Record(license_key="k", failures=10**9)
        self.assertEqual(with_attempt(many, NOW, 0.5).next_attempt_at, NOW + BACKOFF_MAX_MS)

    def test_waits_differ_between_machines(self):
        waits = [with_attempt(KEY_ONLY, NOW, chance).next_attempt_at - NOW for chance in (0, 1)]
        self.assertEqual(waits, [60_000, 180_000])

    def test_a_server_can_ask_for_a_longer_wait_of_at_most_a_day(self):
        attempted = with_attempt(KEY_ONLY, NOW, 0.5)
        for delay, expected in (
            (1_000, attempted.next_attempt_at - NOW),
            (HOUR, HOUR),
            (99 * DAY, DAY),
        ):
            self.assertEqual(with_delay(attempted, NOW, delay).next_attempt_at - NOW, expected)
