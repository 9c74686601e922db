"""Public keys that the app contains, and the signatures that they verify."""

import re
from typing import Iterable, Sequence, Tuple, Union

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = Union[Ed25519PublicKey, RSAPublicKey]

RSA_BITS_MIN = 2048
#: Some software accepts forged signatures of keys with a smaller exponent. The server refuses them.
RSA_EXPONENT_MIN = 65_537

#: The type of key that belongs to each algorithm of license files.
KEY_TYPES = {"ed25519": Ed25519PublicKey, "rsa-sha256": RSAPublicKey}


def load_file_keys(texts: Sequence[str], algorithm: str) -> Tuple[PublicKey, ...]:
    """The keys of license files that fit the algorithm. Raises ValueError if there is none."""
    if algorithm not in KEY_TYPES:
        raise ValueError(f"algorithm: give one of {', '.join(KEY_TYPES)}.")
    keys = [_load("file_keys", text) for text in _listed("file_keys", texts)]
    fitting = tuple(key for key in keys if isinstance(key, KEY_TYPES[algorithm]))
    if not fitting:
        raise ValueError(
            f"file_keys: none is a key for {algorithm}. Copy hex or pem of a key with that "
            "algorithm from /.well-known/license-file-keys.json of your server."
        )
    return fitting


def load_answer_keys(texts: Sequence[str]) -> Tuple[PublicKey, ...]:
    """The keys of answers. Raises ValueError if there is none."""
    keys = tuple(_load("answer_keys", text) for text in _listed("answer_keys", texts))
    if not keys:
        raise ValueError(
            "answer_keys: missing. Copy the PEM of /api/v1/public-key of your server."
        )
    return keys


def is_signed(keys: Iterable[PublicKey], signature: bytes, signed: bytes) -> bool:
    """Whether one of the keys made the signature. The type of each key decides the scheme."""
    return any(_verifies(key, signature, signed) for key in keys)


def _verifies(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _listed(option: str, texts: Sequence[str]) -> Sequence[str]:
    # A single string is a sequence too, of characters.
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts or ()):
        raise ValueError(f"{option}: give a list of keys, each a string.")
    return texts or ()


def _load(option: str, text: str) -> PublicKey:
    try:
        key = _parse(text.strip())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"{option}: one is not a public key. Copy it again.") from None
    if isinstance(key, RSAPublicKey):
        _check_strength(option, key)
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    raise ValueError(f"{option}: one is neither an RSA nor an Ed25519 key.")


def _parse(text: str) -> object:
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    return load_pem_public_key(text.encode())


def _check_strength(option: str, key: RSAPublicKey) -> None:
    if key.key_size < RSA_BITS_MIN or key.public_numbers().e < RSA_EXPONENT_MIN:
        raise ValueError(
            f"{option}: an RSA key has less than {RSA_BITS_MIN} bits, or a small exponent. "
            "Use the keys of your server."
        )
