"""Decides what the app may do, from what is stored and the time. Pure: no I/O and no clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Optional, Tuple

from .license_file import CLOCK_TOLERANCE_MS, FileContents, FileVerdict
from .record import REFUSALS, WAIT_MAX_MS, Record
from .text import to_milliseconds

DAY_MS = 24 * 3_600_000
LIMIT_REACHED_CODE = "302"

#: The states in which the app may run.
USABLE = ("valid", "grace")


@dataclass(frozen=True)
class Status:
    """What the app may do. README.md explains the states and reasons.

    `expires_at` is the end of the license itself. None if it never ends, or is not known.
    `days_left` is None for a license that never ends. `code` is the signed code that decided.
    """

    state: str
    features: Tuple[str, ...] = ()
    expires_at: Optional[datetime] = None
    days_left: Optional[int] = 0
    code: Optional[str] = None
    reason: Optional[str] = None


_UNUSABLE_FILE = {
    "tampered": Status("tampered", reason="file-invalid"),
    "wrong-machine": Status("unlicensed", reason="wrong-machine"),
    "other-product": Status("unlicensed", reason="other-product"),
}


def decide(record: Record, verdict: Optional[FileVerdict], now: int, grace_ms: int) -> Status:
    """The first rule that applies. `verdict` is about the stored file, None if there is none."""
    if record.license_key is None:
        return Status("unlicensed")
    if record.refusal is not None:
        return refused(record.refusal.code)
    if verdict is None:
        return _limit_reached() if record.limit_reached else Status("unlicensed")
    contents = verdict.contents
    if contents is None:
        return _UNUSABLE_FILE[verdict.verdict]
    if now < highest_time(record, contents) - CLOCK_TOLERANCE_MS:
        return Status("clock-set-back", expires_at=contents.expires_at)
    return _by_time(record, contents, now, grace_ms)


def refused(code: str) -> Status:
    """The state that a signed refusal leaves."""
    return Status(REFUSALS[code], code=code)


def highest_time(record: Record, contents: Optional[FileContents]) -> int:
    """The latest time ever seen, the issue of the file included."""
    issued = 0 if contents is None else to_milliseconds(contents.issued)
    return max(record.highest_time, issued)


def is_refresh_due(record: Record, state: str, now: int) -> bool:
    """Whether to ask the server now, in the background."""
    if record.license_key is None:
        return False
    next_attempt = record.next_attempt_at
    # A later time than any wait means that the clock was set back since.
    if next_attempt is not None and now < next_attempt <= now + WAIT_MAX_MS:
        return False
    return state != "valid" or record.refresh_at is None or now >= record.refresh_at


def _by_time(record: Record, contents: FileContents, now: int, grace_ms: int) -> Status:
    expiry = to_milliseconds(contents.expiry)
    ends = contents.expires_at
    if now < expiry:
        left = None if ends is None else _days_until(to_milliseconds(ends), now)
        return Status("valid", contents.features, ends, left)
    if now < expiry + grace_ms:
        return Status("grace", contents.features, ends, _days_until(expiry + grace_ms, now))
    return _limit_reached(ends) if record.limit_reached else Status("expired", expires_at=ends)


def _limit_reached(expires_at: Optional[datetime] = None) -> Status:
    return Status("limit-reached", expires_at=expires_at, code=LIMIT_REACHED_CODE)


def _days_until(end: int, now: int) -> int:
    """Rounded up, and 0 for an end that has passed."""
    return max(0, -((now - end) // DAY_MS))
