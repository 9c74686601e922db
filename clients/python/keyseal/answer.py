"""Answers of the server: which of them count.

An answer counts if a key of the app signed it, and if it answers this very request: its proof names
the nonce, the license key and the identifier that were sent. Everything else is silence.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Optional, Sequence, Union

from .keys import PublicKey, is_signed, load_answer_keys
from .text import decode_base64, trim


@dataclass(frozen=True)
class Question:
    """What a request sent. A trial is asked for without a license key."""

    nonce: str
    license_key: Optional[str]
    identifier: str


@dataclass(frozen=True)
class Answer:
    """An answer that counts. `timestamp` is in milliseconds since 1970."""

    code: str
    timestamp: int
    response: Dict[str, Any]


def read_answer(
    body: Union[str, bytes],
    *,
    nonce: str,
    license_key: Optional[str],
    identifier: str,
    product_id: int,
    answer_keys: Sequence[str],
) -> Optional[Answer]:
    """The answer if it counts, otherwise None."""
    key = None if license_key is None else trim(license_key)
    question = Question(nonce, key, trim(identifier))
    return check_answer(body, question, product_id, load_answer_keys(answer_keys))


def check_answer(
    body: Union[str, bytes], question: Question, product_id: int, keys: Iterable[PublicKey]
) -> Optional[Answer]:
    """Like read_answer, with trimmed texts and loaded keys."""
    try:
        envelope = json.loads(body)
        signed = envelope["response_base64"]
        if not is_signed(keys, decode_base64(envelope["signature"]), signed.encode("ascii")):
            return None
        # Only the signed text counts. The member `response` is a copy that nothing signs.
        response = json.loads(decode_base64(signed))
        if not _answers(response["proof"], question, product_id):
            return None
        return Answer(str(response["code"]), int(response["timestamp"]) * 1000, response)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _answers(proof: Dict[str, Any], question: Question, product_id: int) -> bool:
    key = question.license_key
    digest = None if key is None else hashlib.sha256(key.encode("utf-8")).hexdigest()
    return (
        proof["nonce"] == question.nonce
        and proof["license_key_sha256"] == digest
        and proof["identifier"] == question.identifier
        and proof["product_id"] in (None, product_id)
    )
