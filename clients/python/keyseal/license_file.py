"""License files: what the server signed about this license, this machine and this product.

The checks run in this order: size, form, algorithm, signature, decryption, machine, product, time.
Nothing is decrypted or read before its signature is verified.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Optional, Sequence, Tuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .keys import PublicKey, is_signed, load_file_keys
from .text import decode_base64, parse_instant, to_milliseconds, trim

FILE_CHARACTERS_MAX = 65_536
CLOCK_TOLERANCE_MS = 24 * 3_600_000
IV_BYTES = 12
TAG_BYTES = 16

_FORM = re.compile(r"-----BEGIN (MACHINE|LICENSE) FILE-----\s([\s\S]+)\s-----END \1 FILE-----")

#: What Python raises for text, JSON or values of another form than expected.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class FileRules:
    """What the app expects of every license file."""

    product_id: int
    algorithm: str
    keys: Tuple[PublicKey, ...]
    allow_any_machine: bool


@dataclass(frozen=True)
class FileContents:
    """What a license file says. `expires_at` is the end of the license, None if it has none."""

    license_key: str
    is_encrypted: bool
    features: Tuple[str, ...]
    issued: datetime
    expiry: datetime
    expires_at: Optional[datetime]


@dataclass(frozen=True)
class FileVerdict:
    """The result of the checks. `contents` is None unless the file is for this app and machine.

    `verdict` is valid, expired, tampered, wrong-machine, other-product or clock-set-back.
    """

    verdict: str
    contents: Optional[FileContents] = None


class _Refused(Exception):
    """Ends the checks with a verdict."""


def verify_file(
    text: str,
    *,
    license_key: str,
    identifier: str,
    product_id: int,
    file_keys: Sequence[str],
    algorithm: str = "ed25519",
    allow_any_machine: bool = False,
    now: Optional[int] = None,
) -> FileVerdict:
    """Checks one license file. `now` is in milliseconds since 1970, by default the time of day."""
    keys = load_file_keys(file_keys, algorithm)
    rules = FileRules(product_id, algorithm, keys, allow_any_machine)
    moment = time.time_ns() // 1_000_000 if now is None else now
    return check_file(text, rules, trim(license_key), trim(identifier), moment)


def check_file(
    text: str, rules: FileRules, license_key: str, identifier: str, now: int
) -> FileVerdict:
    """Like verify_file, with trimmed texts and loaded keys."""
    try:
        contents = _read(text, rules, license_key, identifier)
    except _Refused as refused:
        return FileVerdict(str(refused))
    except _MALFORMED:
        return FileVerdict("tampered")
    if to_milliseconds(contents.issued) > now + CLOCK_TOLERANCE_MS:
        return FileVerdict("clock-set-back", contents)
    is_over = now >= to_milliseconds(contents.expiry)
    return FileVerdict("expired" if is_over else "valid", contents)


def _read(text: str, rules: FileRules, license_key: str, identifier: str) -> FileContents:
    kind, certificate = _read_certificate(text)
    is_machine = kind == "machine"
    if not is_machine and not rules.allow_any_machine:
        raise _Refused("tampered")
    secret = license_key + identifier if is_machine else license_key
    payload = json.loads(_open(kind, certificate, rules, secret))
    data, included = payload["data"], payload["included"]
    _expect(data["type"] == f"{kind}s", "tampered")
    license_ = _license_of(data, included) if is_machine else data
    if is_machine:
        _expect(data["attributes"]["fingerprint"] == identifier, "wrong-machine")
    product = license_["relationships"]["product"]["data"]["id"]
    _expect(product == str(rules.product_id), "other-product")
    return _contents(payload["meta"], license_, included, is_encrypted="." in certificate["enc"])


def _expect(condition: bool, verdict: str) -> None:
    if not condition:
        raise _Refused(verdict)


def _read_certificate(text: str) -> Tuple[str, Dict[str, Any]]:
    _expect(len(text) <= FILE_CHARACTERS_MAX, "tampered")
    form = _FORM.fullmatch(trim(text))
    if form is None:
        raise _Refused("tampered")
    certificate = json.loads(decode_base64("".join(form[2].split())))
    return form[1].lower(), certificate


def _open(kind: str, certificate: Dict[str, Any], rules: FileRules, secret: str) -> bytes:
    """The signed text. The app decides the algorithm; the file is not asked, since nothing signs
    its `alg`."""
    encoding, _, algorithm = certificate["alg"].partition("+")
    enc = certificate["enc"]
    _expect(algorithm == rules.algorithm and encoding in ("aes-256-gcm", "base64"), "tampered")
    signature = decode_base64(certificate["sig"])
    _expect(is_signed(rules.keys, signature, f"{kind}/{enc}".encode("ascii")), "tampered")
    return decode_base64(enc) if encoding == "base64" else _decrypt(enc, secret)


def _decrypt(enc: str, secret: str) -> bytes:
    ciphertext, iv, tag = (decode_base64(part) for part in enc.split("."))
    _expect(len(iv) == IV_BYTES and len(tag) == TAG_BYTES, "tampered")
    key = hashlib.sha256(secret.encode("utf-8")).digest()
    try:
        return AESGCM(key).decrypt(iv, ciphertext + tag, None)
    except InvalidTag:
        # The signature is good, so the file was made for another license key or machine.
        raise _Refused("wrong-machine") from None


def _license_of(machine: Dict[str, Any], included: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    wanted = machine["relationships"]["license"]["data"]["id"]
    licenses = [each for each in included if each["type"] == "licenses" and each["id"] == wanted]
    return licenses[0]


def _contents(
    meta: Dict[str, Any],
    license_: Dict[str, Any],
    included: Sequence[Dict[str, Any]],
    is_encrypted: bool,
) -> FileContents:
    attributes = license_["attributes"]
    end = attributes["expiry"]
    return FileContents(
        license_key=attributes["key"],
        is_encrypted=is_encrypted,
        features=tuple(
            each["attributes"]["code"] for each in included if each["type"] == "entitlements"
        ),
        issued=parse_instant(meta["issued"]),
        expiry=parse_instant(meta["expiry"]),
        expires_at=None if end is None else parse_instant(end),
    )
