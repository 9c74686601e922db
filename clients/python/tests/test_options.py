"""Wrong options are found at the start of the app."""

import unittest

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keyseal import Keyseal

from . import maker
from .local_server import Clock, MemoryStorage, app

ORIGIN = "https://licenses.example.com"


def start(**changes) -> Keyseal:
    options = {"storage": MemoryStorage(), "clock": Clock(), **changes}
    return app(options.pop("server", ORIGIN), **options)


class Options(unittest.TestCase):
    def test_accepts_good_options(self):
        for changes in (
            {},
            {"server": "http://127.0.0.1:8787"},
            {"server": f"{ORIGIN}/"},
            {"server": "http://[::1]:8787"},
            {"grace_days": 0},
            {"grace_days": 0.5, "file_days": 30},
            {"storage": None, "device": None, "clock": None},
            {"answer_keys": [maker.pem(maker.RSA), maker.pem(maker.ED25519)]},
            {"file_keys": [maker.raw_hex(maker.ED25519).upper()]},
        ):
            with self.subTest(changes):
                start(**changes)

    def test_removes_the_slash_after_the_origin(self):
        url = start(server=f"{ORIGIN}/").offline_request("key").url
        self.assertEqual(url.partition("#")[0], f"{ORIGIN}/offline")

    def test_names_a_wrong_option_and_says_what_to_do(self):
        small = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
        weak = rsa.generate_private_key(public_exponent=3, key_size=2048)
        curve = ec.generate_private_key(ec.SECP256R1())
        for name, values in {
            "server": (
                None,
                "",
                "licenses.example.com",
                "ftp://example.com",
                f"{ORIGIN}/api",
                f"{ORIGIN}?a=1",
                "https://user@example.com",
                "https://a..example.com",
                "https://example.com:port",
            ),
            "api_key": (None, "", "with space", "ключ"),
            "product_id": (None, 0, -1, "1", 1.5, True),
            "algorithm": (None, "ed448", ""),
            "encrypt": (None, 1),
            "allow_any_machine": (None, "yes"),
            "grace_days": (None, -1, "7", float("nan"), float("inf"), True),
            "file_days": (0, -1, "14", float("nan")),
            "storage": ("folder", {}),
            "device": ("", " ", 7),
            "clock": (7, "now"),
            "file_keys": (
                None,
                [],
                "ab" * 32,
                [7],
                ["ab" * 31],
                [maker.pem(maker.RSA)],
                [maker.pem(curve)],
            ),
            "answer_keys": (
                None,
                [],
                maker.pem(maker.RSA),
                ["text"],
                [maker.pem(small)],
                [maker.pem(weak)],
                [maker.pem(curve)],
            ),
        }.items():
            for value in values:
                with self.subTest(f"{name}={value}"):
                    with self.assertRaisesRegex(ValueError, f"^{name}: .+"):
                        start(**{name: value})
