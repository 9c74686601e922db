"""What the app remembers between two starts, and how each event changes it.

Pure: no input, no output and no clock. `now` and `chance` (0 to 1, random) are parameters, and all
times are in milliseconds since 1970.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Dict, Optional

from .license_file import FileContents
from .text import to_milliseconds

VERSION = 1

MINUTE_MS = 60_000
BACKOFF_MAX_MS = 6 * 60 * MINUTE_MS
#: The longest wait that a header of the server can ask for. Nothing signs that header.
WAIT_MAX_MS = 24 * 60 * MINUTE_MS

#: The codes that take a license away, and the state that each leaves.
REFUSALS = {
    "201": "unlicensed",
    "203": "blocked",
    "204": "blocked",
    "205": "expired",
    "210": "unlicensed",
}


@dataclass(frozen=True)
class Refusal:
    """A signed refusal, and when the server signed it."""

    code: str
    at: int


@dataclass(frozen=True)
class Record:
    """`highest_time` is the latest time ever seen. `pending_key` waits for a file from offline."""

    license_key: Optional[str] = None
    file: Optional[str] = None
    highest_time: int = 0
    refusal: Optional[Refusal] = None
    limit_reached: bool = False
    refresh_at: Optional[int] = None
    failures: int = 0
    next_attempt_at: Optional[int] = None
    pending_key: Optional[str] = None


def parse_record(text: Optional[str]) -> Record:
    """Reads stored JSON. Text that cannot be read counts as empty."""
    try:
        stored = json.loads(text or "null")
    except (ValueError, RecursionError):
        return Record()
    if not isinstance(stored, dict) or stored.get("version") != VERSION:
        return Record()
    return Record(
        license_key=_text(stored, "licenseKey"),
        file=_text(stored, "file"),
        highest_time=_whole(stored, "highestTime") or 0,
        refusal=_refusal(stored.get("refusal")),
        limit_reached=stored.get("limitReached") is True,
        refresh_at=_whole(stored, "refreshAt"),
        failures=_whole(stored, "failures") or 0,
        next_attempt_at=_whole(stored, "nextAttemptAt"),
        pending_key=_text(stored, "pendingKey"),
    )


def format_record(record: Record) -> str:
    """The JSON that parse_record reads."""
    refusal = record.refusal
    stored = {
        "version": VERSION,
        "licenseKey": record.license_key,
        "file": record.file,
        "highestTime": record.highest_time,
        "refusal": refusal and {"code": refusal.code, "at": refusal.at},
        "limitReached": record.limit_reached,
        "refreshAt": record.refresh_at,
        "failures": record.failures,
        "nextAttemptAt": record.next_attempt_at,
        "pendingKey": record.pending_key,
    }
    return json.dumps(stored, indent=2)


def with_attempt(record: Record, now: int, chance: float) -> Record:
    """Counts an attempt as failed before it is made, so that other processes do not make it too.

    Only a license file resets the count. An app that was refused should not ask at every check.
    """
    failures = record.failures + 1
    # The exponent is limited because the storage can name any number.
    wait = min(BACKOFF_MAX_MS, MINUTE_MS * 2 ** min(failures, 16))
    return replace(
        record, failures=failures, next_attempt_at=now + int(wait * (0.5 + chance))
    )


def with_delay(record: Record, now: int, delay_ms: int) -> Record:
    """Makes the next attempt wait at least this long."""
    earliest = now + min(delay_ms, WAIT_MAX_MS)
    return replace(record, next_attempt_at=max(record.next_attempt_at or 0, earliest))


def with_file(license_key: str, file: str, contents: FileContents, chance: float) -> Record:
    """A license with a verified file. The next refresh is due after about a third of its time."""
    issued = to_milliseconds(contents.issued)
    third = (to_milliseconds(contents.expiry) - issued) / 3
    return Record(
        license_key=license_key,
        file=file,
        highest_time=issued,
        refresh_at=issued + int(third * (0.9 + 0.2 * chance)),
    )


def with_brought_file(record: Record, brought: Record, issued: int, is_newer: bool) -> Record:
    """The record after a person brought a file, which may be an old copy.

    It lifts only a refusal from before. If it is newer than the file that was stored, it also heals
    a clock that once ran ahead.
    """
    refusal = record.refusal
    # The time of a refusal is in whole seconds, so a file of the same second may be older.
    if refusal is not None and issued >= refusal.at + 1000:
        refusal = None
    highest = issued if is_newer else max(record.highest_time, issued)
    return replace(brought, refusal=refusal, highest_time=highest)


def keeps_license(record: Record, license_key: str) -> bool:
    """Whether another license may still work, so that this license key must not replace it."""
    is_other = record.license_key not in (None, license_key)
    return is_other and record.file is not None and record.refusal is None


def with_key(record: Record, license_key: str, seen: int) -> Record:
    """Stores a license key that the server answered about. `seen` is the time of the answer."""
    highest = max(record.highest_time, seen)
    if record.license_key == license_key:
        return replace(record, highest_time=highest)
    return Record(license_key=license_key, highest_time=highest, pending_key=record.pending_key)


def _text(stored: Dict[str, Any], name: str) -> Optional[str]:
    value = stored.get(name)
    return value if isinstance(value, str) and value else None


def _whole(stored: Dict[str, Any], name: str) -> Optional[int]:
    value = stored.get(name)
    return value if type(value) is int and value >= 0 else None


def _refusal(stored: Any) -> Optional[Refusal]:
    if not isinstance(stored, dict) or stored.get("code") not in REFUSALS:
        return None
    return Refusal(stored["code"], _whole(stored, "at") or 0)
