"""The verdict about each kind of license file."""

import unittest
from datetime import datetime, timezone

from keyseal import FileVerdict, verify_file

from . import maker
from .maker import DAY, HOUR, NOW, license_file, unwrap, wrap


def verify(file: str, **changes) -> FileVerdict:
    asked = {
        "license_key": maker.LICENSE_KEY,
        "identifier": maker.IDENTIFIER,
        "product_id": maker.PRODUCT_ID,
        "file_keys": [maker.raw_hex(maker.ED25519)],
        "now": NOW,
    }
    return verify_file(file, **{**asked, **changes})


class Accepts(unittest.TestCase):
    def test_reads_features_and_times(self):
        file = license_file(features=["pro", "api"], expires_at=NOW + 30 * DAY)
        verdict = verify(file)
        self.assertEqual(verdict.verdict, "valid")
        self.assertEqual(verdict.contents.features, ("pro", "api"))
        self.assertEqual(verdict.contents.license_key, maker.LICENSE_KEY)
        at = datetime(2026, 12, 24, 8, 30, tzinfo=timezone.utc)
        self.assertEqual(verdict.contents.expires_at, at)
        self.assertEqual(verdict.contents.expiry, datetime(2026, 12, 8, 8, 30, tzinfo=timezone.utc))

    def test_accepts_every_good_form(self):
        crlf = license_file().replace("\n", "\r\n")
        for name, file in {
            "encrypted": license_file(),
            "plain": license_file(encrypted=False),
            "unknown kid": license_file(kid="unknown"),
            "no kid": license_file(kid=None),
            "Windows line ends": crlf,
            "white space around it": f"\ufeff\n  {license_file()}\n\n",
            "without features": license_file(features=[]),
        }.items():
            with self.subTest(name):
                self.assertEqual(verify(file).verdict, "valid")

    def test_trims_the_license_key_and_identifier(self):
        key, identifier = f"\u3000{maker.LICENSE_KEY}\ufeff", f" {maker.IDENTIFIER}\n"
        self.assertEqual(
            verify(license_file(), license_key=key, identifier=identifier).verdict, "valid"
        )

    def test_tries_every_key(self):
        keys = [maker.raw_hex(maker.OTHER_ED25519), maker.pem(maker.ED25519)]
        self.assertEqual(verify(license_file(), file_keys=keys).verdict, "valid")

    def test_accepts_rsa_if_the_app_chose_it(self):
        chosen = {"algorithm": "rsa-sha256", "file_keys": [maker.pem(maker.RSA)]}
        for encrypted in (True, False):
            file = license_file(algorithm="rsa-sha256", encrypted=encrypted)
            self.assertEqual(verify(file, **chosen).verdict, "valid")

    def test_accepts_a_file_for_any_machine_only_if_the_app_allows_it(self):
        for encrypted in (True, False):
            file = license_file(kind="license", encrypted=encrypted)
            self.assertEqual(verify(file).verdict, "tampered")
            allowed = verify(file, allow_any_machine=True, identifier="any")
            self.assertEqual(allowed.verdict, "valid")
            self.assertEqual(allowed.contents.features, ("pro",))


class DependsOnTime(unittest.TestCase):
    def test_ends_at_its_expiry(self):
        for now, expected in {
            NOW + 14 * DAY - 1: "valid",
            NOW + 14 * DAY: "expired",
            NOW - DAY: "valid",
            NOW - DAY - 1: "clock-set-back",
        }.items():
            verdict = verify(license_file(), now=now)
            self.assertEqual(verdict.verdict, expected)
            self.assertIsNotNone(verdict.contents)

    def test_uses_the_time_of_day_by_default(self):
        self.assertEqual(verify(license_file(issued=HOUR), now=None).verdict, "expired")


class Refuses(unittest.TestCase):
    def refuses(self, verdict: str, files: dict, **changes) -> None:
        for name, file in files.items():
            with self.subTest(name):
                self.assertEqual(verify(file, **changes), FileVerdict(verdict))

    def test_refuses_files_for_another_machine_or_license_key(self):
        self.refuses(
            "wrong-machine",
            {
                "machine, encrypted": license_file(identifier="device-2"),
                "machine, plain": license_file(identifier="device-2", encrypted=False),
                "license key, encrypted": license_file(license_key="other"),
            },
        )

    def test_refuses_a_fingerprint_that_differs_from_the_encryption(self):
        file = license_file(plain=json_of(identifier="device-2"))
        self.assertEqual(verify(file).verdict, "wrong-machine")

    def test_refuses_files_of_another_product(self):
        self.refuses(
            "other-product",
            {
                "encrypted": license_file(product_id=8),
                "plain": license_file(product_id=8, encrypted=False),
            },
        )

    def test_refuses_changed_files(self):
        good, plain = license_file(), license_file(encrypted=False)
        certificate = unwrap(good)
        other = unwrap(license_file(issued=NOW + HOUR))
        self.refuses(
            "tampered",
            {
                "contents of another file": wrap({**certificate, "enc": other["enc"]}),
                "signature of another file": wrap({**certificate, "sig": other["sig"]}),
                "no signature": wrap({**certificate, "sig": ""}),
                "key of another server": license_file(key=maker.OTHER_ED25519),
                "plain, said to be encrypted": relabeled(plain, "aes-256-gcm+ed25519"),
                "encrypted, said to be plain": relabeled(good, "base64+ed25519"),
                "license file in a machine's lines": as_machine(license_file(kind="license")),
            },
        )

    def test_refuses_other_algorithms(self):
        self.refuses(
            "tampered",
            {
                "rsa": license_file(algorithm="rsa-sha256"),
                "said to be rsa": license_file(alg="aes-256-gcm+rsa-sha256"),
                "no encoding": license_file(alg="ed25519"),
                "unknown": license_file(alg="aes-128-gcm+ed25519"),
                "upper case": license_file(alg="AES-256-GCM+ED25519"),
            },
            file_keys=[maker.raw_hex(maker.ED25519), maker.pem(maker.RSA)],
        )

    def test_refuses_text_that_is_no_file(self):
        good = license_file()
        self.refuses(
            "tampered",
            {
                "empty": "",
                "words": "a license",
                "only the lines around it": wrap({}).replace(wrap({}).split("\n")[1], ""),
                "no last line": good.rpartition("-----END")[0],
                "two kinds": good.replace("END MACHINE", "END LICENSE"),
                "truncated": good[:200] + good[-26:],
                "not base64": good.replace("\n", "\n*", 1),
                "not JSON": wrap("text"),
                "no members": wrap({}),
                "members of other types": wrap({"enc": 1, "sig": [], "alg": None}),
                "a list": wrap([1, 2]),
                "deep": wrap_text(b"[" * 40_000),
                "lone surrogate": wrap({**unwrap(good), "enc": "\ud800"}),
                "too large": good + " " * 65_536,
            },
        )

    def test_refuses_signed_contents_of_another_form(self):
        other_type = json_of().replace(b'"machines"', b'"licenses"', 1)
        no_license = json_of().replace(b'"id": "3"', b'"id": "4"', 1)
        for plain in (b"text", b"[]", b"{}", b"\xff", other_type, no_license):
            with self.subTest(plain[:20]):
                self.assertEqual(verify(license_file(plain=plain)).verdict, "tampered")

    def test_refuses_signed_encryption_of_another_form(self):
        for enc in ("", "YQ==", "YQ==.YQ==.YQ==", ".AAAAAAAAAAAAAAAA.YQ==", "a.b.c.d"):
            signature = maker.b64(maker.sign(maker.ED25519, f"machine/{enc}".encode()))
            file = wrap({"enc": enc, "sig": signature, "alg": "aes-256-gcm+ed25519"})
            with self.subTest(enc):
                self.assertEqual(verify(file).verdict, "tampered")


def json_of(**contents) -> bytes:
    return maker.json.dumps(maker.payload(**contents)).encode()


def relabeled(file: str, alg: str) -> str:
    return wrap({**unwrap(file), "alg": alg})


def as_machine(file: str) -> str:
    return file.replace("LICENSE FILE", "MACHINE FILE")


def wrap_text(text: bytes) -> str:
    return f"-----BEGIN MACHINE FILE-----\n{maker.b64(text)}\n-----END MACHINE FILE-----\n"
