"""Sends one form and reads the answer, whatever its status is. Follows no redirect."""

import http.client
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Mapping, Optional
from urllib.parse import urlencode
from urllib.request import HTTPErrorProcessor, Request, build_opener

TIMEOUT_SECONDS = 10
BODY_BYTES_MAX = 1_000_000

# Cloudflare's browser integrity check refuses the name that urllib gives itself.
_USER_AGENT = "keyseal-python/0.1.0"


@dataclass(frozen=True)
class Received:
    """An answer whose signature is not verified yet."""

    body: bytes
    retry_after_ms: int


class _EveryStatus(HTTPErrorProcessor):
    """Takes every status as an answer. It also keeps urllib from following a redirect."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


_opener = build_opener(_EveryStatus)


def post_form(address: str, api_key: str, fields: Mapping[str, str]) -> Optional[Received]:
    """The answer, with an empty body if it is too large. None if no answer arrives."""
    headers = {
        "Authorization": f"Bearer {api_key}",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": _USER_AGENT,
    }
    request = Request(address, urlencode(fields).encode(), headers, method="POST")
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            retry_after_ms = _delay_ms(response.headers.get("Retry-After"))
            return Received(_read_body(response, deadline), retry_after_ms)
    except (OSError, http.client.HTTPException):
        return None


def _read_body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = b""
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return b""
        # The timeout of urllib is for one read, and a server could send a byte at a time.
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _delay_ms(retry_after: Optional[str]) -> int:
    """RFC 9110 section 10.2.3: seconds, or a date."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) * 1000
    try:
        date = parsedate_to_datetime(text)
        delay = date - datetime.now(timezone.utc)
    except (ValueError, TypeError, IndexError):
        return 0
    return max(0, int(delay.total_seconds() * 1000))
