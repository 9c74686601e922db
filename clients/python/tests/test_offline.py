"""License files that people carry to a machine without a network."""

import base64
import json

from keyseal import Status, verify_file

from . import maker
from .maker import DAY, HOUR, LICENSE_KEY, NOW, license_file
from .story import Story


def plain_file(**contents) -> str:
    return license_file(encrypted=False, **contents)


class Offline(Story):
    def setUp(self) -> None:
        super().setUp()
        self.refuse_connections()

    def test_the_request_names_key_device_and_algorithm(self):
        request = self.app.offline_request(" Schlüssel\n")
        self.assertEqual(request.url, f"{self.server.origin}/offline#{request.text}")
        self.assertNotIn("=", request.text)
        decoded = base64.urlsafe_b64decode(request.text + "=" * (-len(request.text) % 4)).decode()
        self.assertEqual(
            decoded,
            '{"license_key":"Schlüssel","identifier":"device-1","algorithm":"ed25519"}',
        )

    def test_a_request_changes_nothing_yet(self):
        self.app.offline_request(LICENSE_KEY)
        self.assertEqual(self.check(), Status("unlicensed"))

    def test_the_file_that_comes_back_is_stored(self):
        for file in (plain_file(), license_file(issued=NOW + 1)):
            self.app.offline_request(LICENSE_KEY)
            self.assertEqual(self.app.accept_file(f"\n{file}\n").state, "valid")
            self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)
            self.assertIsNone(self.storage.stored["pendingKey"])
            self.assertTrue(self.app.has("pro"))

    def test_a_plain_file_names_its_license_key(self):
        self.assertEqual(self.app.accept_file(plain_file()).state, "valid")
        self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)

    def test_a_file_for_any_machine_needs_the_option(self):
        file = plain_file(kind="license")
        self.assertEqual(self.app.accept_file(file).reason, "file-invalid")
        self.assertEqual(self.start(allow_any_machine=True).accept_file(file).state, "valid")

    def test_a_plain_file_names_its_own_key_even_if_another_was_asked_for(self):
        self.app.offline_request("another key")
        self.app.accept_file(plain_file())
        self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)

    def test_an_encrypted_file_belongs_to_the_key_as_it_was_typed(self):
        contents = json.dumps(maker.payload()).encode()
        self.app.offline_request("aaaa bbbb")
        status = self.app.accept_file(license_file(license_key="aaaa bbbb", plain=contents))
        self.assertEqual(status.state, "valid")
        self.assertEqual(self.storage.stored["licenseKey"], "aaaa bbbb")

    def test_an_encrypted_file_of_the_stored_key_is_accepted_too(self):
        self.app.offline_request(LICENSE_KEY)
        self.app.accept_file(license_file())
        self.app.offline_request("another key")
        self.app.accept_file(license_file(issued=NOW + HOUR))
        self.assertIn("2026-11-24T09", self.issued())
        self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)

    def test_other_files_change_nothing(self):
        self.app.accept_file(plain_file(issued=NOW - HOUR))
        stored = self.storage.text
        for file, state, reason in (
            ("text", "valid", "file-invalid"),
            (plain_file(key=maker.OTHER_ED25519), "valid", "file-invalid"),
            (plain_file(issued=NOW - 15 * DAY), "valid", "file-invalid"),
            (plain_file(issued=NOW - 2 * HOUR), "valid", None),
            (plain_file(issued=NOW + 2 * DAY), "clock-set-back", None),
            (plain_file(identifier="device-2"), "valid", "wrong-machine"),
            (plain_file(product_id=8), "valid", "other-product"),
            (license_file(license_key="unknown"), "valid", "wrong-machine"),
        ):
            status = self.app.accept_file(file)
            self.assertEqual((status.state, status.reason), (state, reason))
            self.assertEqual(self.storage.text, stored)

    def test_an_old_file_of_another_license_replaces_a_newer_one(self):
        self.app.accept_file(plain_file())
        self.app.accept_file(plain_file(issued=NOW - HOUR, license_key="other"))
        self.assertEqual(self.storage.stored["licenseKey"], "other")

    def test_an_old_file_does_not_lift_a_refusal(self):
        self.server.respond = None
        self.app.activate(LICENSE_KEY)
        old = self.storage.stored["file"]
        between = plain_file(issued=NOW + HOUR)
        self.pass_time(2 * HOUR)
        self.server.code = 204
        self.app.refresh()
        for file in (old, between):
            self.assertEqual(self.app.accept_file(file).state, "blocked")
        self.pass_time(HOUR)
        self.assertEqual(self.app.accept_file(plain_file(issued=self.clock.now)).state, "valid")

    def test_an_old_file_does_not_heal_a_clock_but_a_new_one_does(self):
        self.app.accept_file(plain_file())
        self.clock.now += 9 * DAY
        self.check()
        self.clock.now = NOW + HOUR
        self.assertEqual(self.app.accept_file(plain_file()).state, "clock-set-back")
        self.assertEqual(self.app.accept_file(plain_file(issued=NOW + HOUR)).state, "valid")

    def issued(self) -> str:
        verdict = verify_file(
            self.storage.stored["file"],
            license_key=LICENSE_KEY,
            identifier=maker.IDENTIFIER,
            product_id=maker.PRODUCT_ID,
            file_keys=[maker.raw_hex(maker.ED25519)],
            now=self.clock.now,
        )
        return verdict.contents.issued.isoformat()
