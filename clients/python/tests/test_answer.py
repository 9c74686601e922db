"""Which answers count."""

import json
import unittest
from typing import Any, Optional

from keyseal import Answer, read_answer

from . import maker
from .maker import NOW, envelope, proof

NONCE = "0123456789abcdef"


def response(**changes: Any) -> dict:
    timestamp = NOW // 1000
    sent = {"code": 204, "message": "Blocked", "timestamp": timestamp, "proof": proof(nonce=NONCE)}
    return {**sent, **changes}


def read(body, **changes: Any) -> Optional[Answer]:
    asked = {
        "nonce": NONCE,
        "license_key": maker.LICENSE_KEY,
        "identifier": maker.IDENTIFIER,
        "product_id": maker.PRODUCT_ID,
        "answer_keys": [maker.pem(maker.ANSWER_KEY)],
    }
    return read_answer(body, **{**asked, **changes})


class Counts(unittest.TestCase):
    def test_reads_code_and_time(self):
        answer = read(envelope(response()).encode())
        self.assertEqual((answer.code, answer.timestamp), ("204", NOW))
        self.assertEqual(read(envelope(response(code="400"))).code, "400")

    def test_accepts_a_key_of_either_type(self):
        keys = [maker.pem(maker.ANSWER_KEY), maker.pem(maker.ED25519)]
        body = envelope(response(), maker.ED25519)
        self.assertEqual(read(body, answer_keys=keys).code, "204")

    def test_accepts_an_unknown_product(self):
        body = envelope(response(proof=proof(nonce=NONCE, product_id=None)))
        self.assertEqual(read(body).code, "204")

    def test_accepts_an_answer_without_license_key_only_for_a_trial(self):
        body = envelope(response(proof=proof(nonce=NONCE, license_key=None)))
        self.assertEqual(read(body, license_key=None).code, "204")
        self.assertIsNone(read(body))
        self.assertIsNone(read(envelope(response()), license_key=None))

    def test_reads_only_the_signed_text(self):
        body = json.loads(envelope(response()))
        body["response"]["code"] = 200
        self.assertEqual(read(json.dumps(body)).code, "204")


class IsSilence(unittest.TestCase):
    def test_refuses_answers_to_other_requests(self):
        for name, changed in {
            "replayed": proof(nonce="fedcba9876543210"),
            "swapped license key": proof(nonce=NONCE, license_key="other"),
            "swapped identifier": proof(nonce=NONCE, identifier="device-2"),
            "other product": proof(nonce=NONCE, product_id=8),
            "no proof": None,
            "empty proof": {},
            "text": "proof",
        }.items():
            with self.subTest(name):
                self.assertIsNone(read(envelope(response(proof=changed))))

    def test_refuses_answers_without_a_proof(self):
        sent = response()
        del sent["proof"]
        self.assertIsNone(read(envelope(sent)))

    def test_refuses_other_signatures(self):
        good = json.loads(envelope(response()))
        other = json.loads(envelope(response(code=200)))
        for name, body in {
            "another key": json.loads(envelope(response(), maker.RSA)),
            "another text": {**good, "response_base64": other["response_base64"]},
            "another signature": {**good, "signature": other["signature"]},
            "none": {**good, "signature": ""},
            "placeholder": {**good, "signature": "Private key not set"},
            "spaces": {**good, "signature": good["signature"] + " "},
        }.items():
            with self.subTest(name):
                self.assertIsNone(read(json.dumps(body)))

    def test_refuses_every_other_text(self):
        for body in ("", "<html>", "null", "[]", "{}", b"\xff\xfe", "[" * 100_000, '{"a":1'):
            with self.subTest(body[:20]):
                self.assertIsNone(read(body))
