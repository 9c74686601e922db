"""Activation, deactivation and trials against a server on this machine."""

from keyseal import Status

from . import maker
from .local_server import MemoryStorage
from .maker import DAY, HOUR, LICENSE_KEY, NOW
from .story import Story


class Activates(Story):
    def test_stores_the_file_and_runs_without_the_server(self):
        self.server.file_options = {"expires_at": NOW + 30 * DAY, "features": ["pro", "api"]}
        status = self.app.activate(f"\ufeff {LICENSE_KEY}\n")
        self.assertEqual((status.state, status.code, status.reason), ("valid", "2210", None))
        self.assertEqual((status.features, status.days_left), (("pro", "api"), 30))
        self.server.stop()
        restarted = self.start()
        self.assertEqual(restarted.check().state, "valid")
        self.assertTrue(restarted.has("api"))
        self.assertFalse(restarted.has("enterprise"))

    def test_asks_as_the_protocol_says(self):
        self.app.activate(LICENSE_KEY)
        self.start(file_days=1.5, encrypt=False).activate("other")
        first, second = self.server.requests
        nonces = {first.pop("nonce"), second.pop("nonce")}
        self.assertEqual(len(nonces), 2)
        for nonce in nonces:
            self.assertRegex(nonce, "^[0-9a-f]{32}$")
        common = {
            "path": "/api/v1/check-out",
            "identifier": maker.IDENTIFIER,
            "activate": "1",
            "algorithm": "ed25519",
        }
        self.assertEqual(first, {**common, "license_key": LICENSE_KEY, "encrypt": "1"})
        expected = {**common, "license_key": "other", "encrypt": "0", "ttl": "129600"}
        self.assertEqual(second, expected)

    def test_works_with_rsa(self):
        self.app = self.start(algorithm="rsa-sha256", file_keys=[maker.pem(maker.RSA)])
        self.assertEqual(self.app.activate(LICENSE_KEY).state, "valid")

    def test_has_runs_a_check_if_none_ran(self):
        self.app.activate(LICENSE_KEY)
        self.assertTrue(self.start().has("pro"))

    def test_an_empty_key_sends_no_request(self):
        self.app.activate(LICENSE_KEY)
        self.assertEqual(self.app.activate(" \n").reason, "refused")
        self.assertEqual(len(self.server.requests), 1)
        self.assertEqual(self.app.check().state, "valid")

    def test_a_refused_key_does_not_take_away_a_working_license(self):
        self.app.activate(LICENSE_KEY)
        stored = self.storage.text
        for code, state in (("210", "unlicensed"), (205, "expired"), (302, "limit-reached")):
            self.server.code = code
            status = self.app.activate("another key")
            self.assertEqual(status, Status(state, code=str(code)))
            self.assertEqual(self.storage.text, stored)
            self.assertTrue(self.app.has("pro"))
            self.assertEqual(self.app.check().state, "valid")

    def test_a_refused_key_does_not_replace_a_license_that_may_work_again(self):
        self.app.activate(LICENSE_KEY)
        self.clock.now = NOW - 9 * DAY
        self.server.code = 204
        self.assertEqual(self.app.activate("another key").state, "blocked")
        self.assertEqual(self.app.check().state, "clock-set-back")

    def test_an_unknown_key_is_not_stored(self):
        self.server.code = 210
        self.assertEqual(self.app.activate("unknown"), Status("unlicensed", code="210"))
        self.assertIsNone(self.storage.stored["licenseKey"])

    def test_a_known_key_that_is_refused_is_remembered_and_asked_for_again(self):
        self.server.code = 205
        self.assertEqual(self.app.activate(LICENSE_KEY), Status("expired", code="205"))
        self.server.code = None
        self.assertEqual(self.check(), Status("expired", code="205"))
        self.assertEqual(self.check().state, "valid")

    def test_a_refusal_of_the_stored_key_counts(self):
        self.app.activate(LICENSE_KEY)
        self.server.code = 204
        self.assertEqual(self.app.activate(LICENSE_KEY), Status("blocked", code="204"))
        self.assertEqual(self.app.check(), Status("blocked", code="204"))

    def test_another_key_replaces_the_license(self):
        self.app.activate(LICENSE_KEY)
        self.server.file_options = {"features": ["api"]}
        self.assertEqual(self.app.activate("new key").features, ("api",))
        self.assertEqual(self.storage.stored["licenseKey"], "new key")

    def test_a_reached_limit_is_remembered(self):
        self.server.code = 302
        expected = Status("limit-reached", code="302")
        self.assertEqual(self.app.activate(LICENSE_KEY), expected)
        self.assertEqual(self.start().check(), expected)
        self.server.code = None
        self.assertEqual(self.app.activate(LICENSE_KEY).state, "valid")

    def test_reports_a_reached_limit_while_the_file_runs_on(self):
        self.app.activate(LICENSE_KEY)
        self.server.code = 302
        self.assertEqual(self.app.activate(LICENSE_KEY), Status("limit-reached", code="302"))
        self.assertEqual(self.app.check().state, "valid")

    def test_activates_again_if_the_activation_ended_meanwhile(self):
        self.server.respond = self.refuse_once(202)
        self.assertEqual(self.app.activate(LICENSE_KEY).state, "valid")
        self.assertEqual([each["activate"] for each in self.server.requests], ["1", "1"])

    def test_asks_no_third_time(self):
        self.server.code = 202
        status = self.app.activate(LICENSE_KEY)
        self.assertEqual(status, Status("unlicensed", code="202", reason="refused"))
        self.assertEqual(len(self.server.requests), 2)

    def test_takes_no_seat_if_the_license_cannot_be_stored(self):
        self.app = self.start(storage=FullDisk())
        with self.assertRaises(OSError):
            self.app.activate(LICENSE_KEY)
        self.assertEqual(self.server.requests, [])

    def refuse_once(self, code):
        def respond(handler, fields):
            self.server.code = code if len(self.server.requests) == 1 else None
            handler.send(200, self.server.body(handler.path, fields))

        return respond


class RefusesFiles(Story):
    def test_a_file_that_is_not_for_this_app_changes_nothing(self):
        for options, reason in (
            ({"key": maker.OTHER_ED25519}, "file-invalid"),
            ({"identifier": "device-2"}, "wrong-machine"),
            ({"product_id": 8}, "other-product"),
            ({"kind": "license"}, "file-invalid"),
            ({"issued": NOW - 15 * DAY}, "file-invalid"),
            ({"issued": NOW + 2 * DAY}, "file-invalid"),
        ):
            self.server.file_options = options
            status = self.app.activate(LICENSE_KEY)
            self.assertEqual((status.state, status.reason), ("unlicensed", reason))
        self.assertIsNone(self.storage.stored["licenseKey"])

    def test_an_answer_without_a_file_changes_nothing(self):
        for changes in ({"license_file": None}, {"license_file": 1}):
            self.server.changes = changes
            self.assertEqual(self.app.activate(LICENSE_KEY).reason, "file-invalid")


class Deactivates(Story):
    def test_forgets_the_license(self):
        for code in ("400", 401, 202, 210):
            self.server.code = None
            self.app.activate(LICENSE_KEY)
            self.server.code = code
            self.assertEqual(self.app.deactivate(), Status("unlicensed", code=str(code)))
            self.assertFalse(self.app.has("pro"))
            stored = self.storage.stored
            self.assertEqual((stored["licenseKey"], stored["file"]), (None, None))
            self.assertEqual(stored["highestTime"], NOW)

    def test_keeps_the_license_without_a_signed_answer(self):
        self.app.activate(LICENSE_KEY)
        self.server.code = 2429
        status = self.app.deactivate()
        self.assertEqual((status.state, status.reason, status.code), ("valid", "refused", "2429"))
        self.respond(200, '{"response":{"code":"400"}}')
        self.assertEqual(self.app.deactivate().reason, "not-trusted")
        self.refuse_connections()
        self.assertEqual(self.app.deactivate().reason, "unreachable")
        self.assertEqual(self.app.check().state, "valid")

    def test_keeps_a_license_that_another_process_activated_meanwhile(self):
        self.app.activate(LICENSE_KEY)

        def respond(handler, fields):
            self.server.respond = None
            self.start().activate("new key")
            handler.send(200, self.server.body(handler.path, fields))

        self.server.respond = respond
        self.assertEqual(self.app.deactivate().state, "valid")
        self.assertEqual(self.storage.stored["licenseKey"], "new key")

    def test_sends_no_request_without_a_license(self):
        self.assertEqual(self.app.deactivate(), Status("unlicensed"))
        self.assertEqual(self.server.requests, [])


class StartsTrials(Story):
    def test_stores_the_key_and_the_file(self):
        status = self.app.start_trial()
        self.assertEqual((status.state, status.code), ("valid", "2211"))
        self.assertEqual(self.storage.stored["licenseKey"], "TRIAL")
        sent = self.server.requests[0]
        self.assertEqual((sent["product_id"], sent["encrypt"]), ("7", "1"))
        self.assertNotIn("license_key", sent)

    def test_continues_a_running_trial(self):
        self.app.start_trial()
        self.clock.now = NOW - 9 * DAY
        self.server.code = 2212
        self.assertEqual(self.app.start_trial().code, "2212")

    def test_reports_why_there_is_none(self):
        for code, expected in {
            205: Status("expired", code="205"),
            204: Status("blocked", code="204"),
            2213: Status("unlicensed", code="2213", reason="refused"),
            302: Status("unlicensed", code="302", reason="refused"),
        }.items():
            self.server.code = code
            self.assertEqual(self.app.start_trial(), expected)
        self.assertIsNone(self.storage.stored["licenseKey"])

    def test_a_license_that_works_is_kept(self):
        self.app.activate(LICENSE_KEY)
        self.assertEqual(self.app.start_trial().state, "valid")
        self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)
        self.assertEqual(len(self.server.requests), 1)

    def test_a_trial_that_is_over_does_not_take_away_a_license(self):
        self.app.activate(LICENSE_KEY)
        self.clock.now = NOW - 9 * DAY
        self.server.code = 205
        self.assertEqual(self.app.start_trial().state, "expired")
        self.clock.now = NOW
        self.assertEqual(self.app.check().state, "valid")

    def test_a_purchase_replaces_the_trial(self):
        self.app.start_trial()
        self.pass_time(HOUR)
        self.app.activate(LICENSE_KEY)
        self.assertEqual(self.storage.stored["licenseKey"], LICENSE_KEY)


class FullDisk(MemoryStorage):
    def write(self, text: str) -> None:
        raise OSError("The disk is full")
