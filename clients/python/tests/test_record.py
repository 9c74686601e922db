"""What is stored, and what is read of it."""

import json
import unittest
from dataclasses import replace

from keyseal import verify_file
from keyseal.record import (
    Record,
    Refusal,
    format_record,
    keeps_license,
    parse_record,
    with_brought_file,
    with_file,
    with_key,
)

from . import maker
from .maker import DAY, NOW, license_file

FULL = Record("key", "file", NOW, Refusal("204", NOW), True, NOW + 1, 3, NOW + 2, "pending")


class Stored(unittest.TestCase):
    def test_reads_what_it_wrote(self):
        for record in (Record(), FULL):
            self.assertEqual(parse_record(format_record(record)), record)

    def test_names_its_members_as_other_clients_do(self):
        self.assertEqual(
            json.loads(format_record(FULL)),
            {
                "version": 1,
                "licenseKey": "key",
                "file": "file",
                "highestTime": NOW,
                "refusal": {"code": "204", "at": NOW},
                "limitReached": True,
                "refreshAt": NOW + 1,
                "failures": 3,
                "nextAttemptAt": NOW + 2,
                "pendingKey": "pending",
            },
        )

    def test_text_that_cannot_be_read_counts_as_empty(self):
        for text in (None, "", "{", "[]", "1", "[" * 100_000, '{"version":2,"licenseKey":"k"}'):
            self.assertEqual(parse_record(text), Record())

    def test_members_of_other_types_count_as_missing(self):
        names = json.loads(format_record(FULL))
        for wrong in (True, -1, 1.5, [], {}, {"code": "999", "at": 1}):
            changed = {name: wrong for name in names if name not in ("version", "limitReached")}
            self.assertEqual(parse_record(json.dumps({"version": 1, **changed})), Record())


class Changes(unittest.TestCase):
    def test_the_next_refresh_is_due_after_about_a_third(self):
        for chance, expected in ((0, 4.2), (0.5, 14 / 3), (1, 77 / 15)):
            record = with_file("key", "file", contents(), chance)
            self.assertAlmostEqual((record.refresh_at - NOW) / DAY, expected, places=5)

    def test_a_brought_file_lifts_only_an_earlier_refusal(self):
        refused = Record(license_key="key", refusal=Refusal("204", NOW))
        for issued, expected in ((NOW + 999, refused.refusal), (NOW + 1000, None)):
            brought = with_file("key", "new", contents(issued), 0.5)
            record = with_brought_file(refused, brought, issued, is_newer=True)
            self.assertEqual(record, replace(brought, refusal=expected))

    def test_only_a_newer_file_heals_a_clock(self):
        ahead = Record(license_key="key", highest_time=NOW + DAY)
        brought = with_file("key", "new", contents(), 0.5)
        for is_newer, expected in ((True, NOW), (False, NOW + DAY)):
            record = with_brought_file(ahead, brought, NOW, is_newer)
            self.assertEqual(record, replace(brought, highest_time=expected))

    def test_another_license_stays_while_it_may_work(self):
        for record, expected in (
            (Record(), False),
            (Record("key", "file"), False),
            (Record("other"), False),
            (Record("other", "file", refusal=Refusal("204", NOW)), False),
            (Record("other", "file"), True),
        ):
            self.assertEqual(keeps_license(record, "key"), expected)

    def test_another_key_keeps_only_what_belongs_to_the_machine(self):
        expected = Record("new", highest_time=NOW, pending_key="pending")
        self.assertEqual(with_key(FULL, "new", NOW - 1), expected)
        self.assertEqual(with_key(FULL, "key", NOW + 1), replace(FULL, highest_time=NOW + 1))


def contents(issued: int = NOW):
    return verify_file(
        license_file(issued=issued),
        license_key=maker.LICENSE_KEY,
        identifier=maker.IDENTIFIER,
        product_id=maker.PRODUCT_ID,
        file_keys=[maker.raw_hex(maker.ED25519)],
        now=issued,
    ).contents
