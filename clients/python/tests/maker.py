"""Makes license files and signed answers by the published format, with nothing of the client."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: 2026-11-24T08:30:00Z, in milliseconds.
NOW = 1_795_509_000_000
HOUR = 3_600_000
DAY = 24 * HOUR

LICENSE_KEY = "AAAA-BBBB-CCCC-DDDD"
IDENTIFIER = "device-1"
PRODUCT_ID = 7

ED25519 = Ed25519PrivateKey.from_private_bytes(b"file key" * 4)
OTHER_ED25519 = Ed25519PrivateKey.from_private_bytes(b"otherkey" * 4)
RSA = generate_private_key(public_exponent=65_537, key_size=2048)
ANSWER_KEY = generate_private_key(public_exponent=65_537, key_size=2048)


def raw_hex(key: Ed25519PrivateKey) -> str:
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.public_key().public_bytes(*raw).hex()


def pem(key: Any) -> str:
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(*form).decode()


def iso(milliseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def sign(key: Any, signed: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(signed, PKCS1v15(), hashes.SHA256())
    return key.sign(signed)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encrypt(plain: bytes, secret: str) -> str:
    key = hashlib.sha256(secret.encode()).digest()
    iv = hmac.new(key, plain, "sha256").digest()[:12]
    sealed = AESGCM(key).encrypt(iv, plain, None)
    return ".".join(b64(part) for part in (sealed[:-16], iv, sealed[-16:]))


def payload(
    *,
    kind: str = "machine",
    license_key: str = LICENSE_KEY,
    identifier: str = IDENTIFIER,
    product_id: int = PRODUCT_ID,
    features: Optional[List[str]] = None,
    issued: int = NOW,
    days: float = 14,
    expires_at: Optional[int] = None,
) -> Dict[str, Any]:
    expiry = issued + int(days * DAY)
    times = {"created": iso(issued), "updated": iso(issued), "metadata": {}}
    license_ = {
        "type": "licenses",
        "id": "3",
        "attributes": {
            "name": "Product",
            "key": license_key,
            "expiry": None if expires_at is None else iso(expires_at),
            **times,
        },
        "relationships": {
            "policy": {"data": {"type": "policies", "id": str(product_id)}},
            "product": {"data": {"type": "products", "id": str(product_id)}},
        },
    }
    machine = {
        "type": "machines",
        "id": "5",
        "attributes": {"fingerprint": identifier, **times},
        "relationships": {"license": {"data": {"type": "licenses", "id": "3"}}},
    }
    entitlements = [
        {"type": "entitlements", "id": name, "attributes": {"code": name, "name": name, **times}}
        for name in (["pro"] if features is None else features)
    ]
    is_machine = kind == "machine"
    return {
        "meta": {"issued": iso(issued), "expiry": iso(expiry), "ttl": (expiry - issued) // 1000},
        "data": machine if is_machine else license_,
        "included": [license_, *entitlements] if is_machine else entitlements,
    }


def license_file(
    *,
    kind: str = "machine",
    encrypted: bool = True,
    algorithm: str = "ed25519",
    key: Any = None,
    kid: Optional[str] = "kid",
    alg: Optional[str] = None,
    plain: Optional[bytes] = None,
    license_key: str = LICENSE_KEY,
    identifier: str = IDENTIFIER,
    **contents: Any,
) -> str:
    made = payload(kind=kind, license_key=license_key, identifier=identifier, **contents)
    text = json.dumps(made).encode() if plain is None else plain
    secret = license_key + (identifier if kind == "machine" else "")
    enc = encrypt(text, secret) if encrypted else b64(text)
    signer = key or (RSA if algorithm == "rsa-sha256" else ED25519)
    certificate = {
        "enc": enc,
        "sig": b64(sign(signer, f"{kind}/{enc}".encode())),
        "alg": alg or f"{'aes-256-gcm' if encrypted else 'base64'}+{algorithm}",
    }
    if kid is not None:
        certificate["kid"] = kid
    return wrap(certificate, kind)


def wrap(certificate: Any, kind: str = "machine") -> str:
    body = b64(json.dumps(certificate).encode())
    lines = [body[at:at + 60] for at in range(0, len(body), 60)]
    name = kind.upper()
    return "\n".join([f"-----BEGIN {name} FILE-----", *lines, f"-----END {name} FILE-----"]) + "\n"


def unwrap(file: str) -> Dict[str, Any]:
    return json.loads(base64.b64decode("".join(file.split("\n")[1:-2])))


def proof(
    *,
    nonce: str,
    license_key: Optional[str] = LICENSE_KEY,
    identifier: str = IDENTIFIER,
    product_id: Optional[int] = PRODUCT_ID,
) -> Dict[str, Any]:
    digest = None if license_key is None else hashlib.sha256(license_key.encode()).hexdigest()
    return {
        "nonce": nonce,
        "license_key_sha256": digest,
        "identifier": identifier,
        "product_id": product_id,
        "status": "assigned",
        "expires_at": None,
        "features": None,
    }


def envelope(response: Dict[str, Any], key: Any = ANSWER_KEY) -> str:
    text = json.dumps(response)
    encoded = b64(text.encode())
    return json.dumps(
        {
            "response": response,
            "response_base64": encoded,
            "private_key_used": "global",
            "signature": b64(sign(key, encoded.encode())),
        }
    )
