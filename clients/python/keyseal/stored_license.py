"""The license that this machine has stored, and what answers and files do to it."""

import contextlib
import random
import threading
from dataclasses import replace
from typing import Any, Optional, Tuple

from .answer import Answer
from .license_file import FileContents, FileVerdict, check_file
from .options import Options
from .record import (
    MINUTE_MS,
    REFUSALS,
    Record,
    Refusal,
    format_record,
    keeps_license,
    parse_record,
    with_attempt,
    with_brought_file,
    with_delay,
    with_file,
    with_key,
)
from .server import Reply
from .state import (
    LIMIT_REACHED_CODE,
    Status,
    decide,
    highest_time,
    is_refresh_due,
    refused,
)
from .text import to_milliseconds, trim

FILE_CODES = ("2210", "2211", "2212")
HIGHEST_TIME_STEP_MS = 60 * MINUTE_MS


class StoredLicense:
    """Reads the storage anew each time, since other processes of the app may write it.

    `last` is the latest decision about it. Hold `lock` from reading to writing.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.lock = threading.RLock()
        self.last: Optional[Status] = None

    def identifier(self) -> str:
        """The identifier of this device, as the server sees it."""
        return trim(self._options.device.identifier())

    def load(self) -> Record:
        """What is stored."""
        try:
            return parse_record(self._options.storage.read())
        except Exception:
            # Any storage may be plugged in. One that cannot be read counts as empty.
            return Record()

    def save(self, record: Record) -> None:
        """Stores the record. Raises what the storage raises."""
        self._options.storage.write(format_record(record))

    def require_storage(self) -> None:
        """Raises what the storage raises, before the server gives a seat that would be lost."""
        storage = self._options.storage
        storage.write(storage.read() or format_record(Record()))

    # Decisions

    def status(self, **changes: Any) -> Status:
        """Decides from what is stored. `changes` replace members of the returned status."""
        with self.lock:
            record, now = self.load(), self._now()
            verdict = self._verdict(record, now)
            self.last = decide(record, verdict, now, self._options.grace_ms)
            self._note_time(record, verdict, now)
            return replace(self.last, **changes)

    def is_refresh_due(self) -> bool:
        """Whether to ask the server now, by the last status."""
        with self.lock:
            state = self.last.state if self.last else ""
            return is_refresh_due(self.load(), state, self._now())

    def _verdict(self, record: Record, now: int) -> Optional[FileVerdict]:
        if record.license_key is None or record.file is None:
            return None
        try:
            return self._check_file(record.file, record.license_key, now)
        except OSError:
            # Without its identifier, this machine is not the one that the file is for.
            return FileVerdict("wrong-machine")

    def _note_time(self, record: Record, verdict: Optional[FileVerdict], now: int) -> None:
        highest = max(now, highest_time(record, verdict.contents if verdict else None))
        if record.license_key and highest > record.highest_time + HIGHEST_TIME_STEP_MS:
            # A check works without this too, for example in a folder that is read-only.
            with contextlib.suppress(Exception):
                self.save(replace(record, highest_time=highest))

    def _check_file(self, file: str, license_key: str, now: int) -> FileVerdict:
        return check_file(file, self._options.rules, license_key, self.identifier(), now)

    def _now(self) -> int:
        return int(self._options.clock())

    # Requests and answers

    def begin_attempt(self) -> Optional[str]:
        """Counts an attempt to refresh, and returns the license key to send, None without one."""
        with self.lock:
            record = self.load()
            if record.license_key is not None:
                self.save(with_attempt(record, self._now(), random.random()))
            return record.license_key

    def conclude_attempt(self, license_key: str, reply: Reply) -> Status:
        """Does what the answer to a refresh says."""
        with self.lock:
            record = self.load()
            if record.license_key != license_key:
                # Another process has changed the license, so the answer is about an old one.
                return self.status()
            if reply.retry_after_ms:
                self.save(with_delay(record, self._now(), reply.retry_after_ms))
            return self.conclude(license_key, reply)

    def conclude(self, license_key: Optional[str], reply: Reply) -> Status:
        """Does what the answer says. `license_key` was sent, None if a trial was asked for."""
        answer = reply.answer
        with self.lock:
            if answer is None:
                return self.unchanged(reply)
            if answer.code in FILE_CODES:
                return self._accept_answer(license_key, answer)
            if answer.code in REFUSALS:
                return self._accept_refusal(license_key, answer)
            if answer.code == LIMIT_REACHED_CODE and license_key is not None:
                return self._accept_limit(license_key, answer)
            return self.unchanged(reply)

    def unchanged(self, reply: Reply) -> Status:
        """The status after an answer that says nothing about the license."""
        if reply.answer is None:
            return self.status(reason=reply.reason)
        return self.status(reason="refused", code=reply.answer.code)

    def accept_file(self, text: str) -> Status:
        """Stores a file that a person brought, if it is valid now and not older than the stored."""
        with self.lock:
            record = self.load()
            key, checked = self._check_brought(record, text)
            contents = checked.contents
            if checked.verdict == "clock-set-back":
                return Status("clock-set-back")
            if checked.verdict != "valid" or contents is None:
                return self.status(reason=_reason(checked))
            stored = self._stored_contents(record, contents.license_key)
            if stored is None or contents.issued > stored.issued:
                # A plain file is not bound to the license key of a request, and names its own.
                key = key if contents.is_encrypted else contents.license_key
                brought = with_file(key, text, contents, random.random())
                issued = to_milliseconds(contents.issued)
                self.save(with_brought_file(record, brought, issued, stored is not None))
            return self.status()

    def forget(self, license_key: str, seen: int) -> None:
        """Forgets the license but not the highest time, unless it was replaced meanwhile."""
        with self.lock:
            record = self.load()
            if record.license_key == license_key:
                self.save(Record(highest_time=max(record.highest_time, seen)))

    def _check_brought(self, record: Record, text: str) -> Tuple[str, FileVerdict]:
        """The verdict with the license key of the offline request, or else with the stored one."""
        pending, stored = record.pending_key or "", record.license_key or ""
        checked = self._check_file(text, pending, self._now())
        if checked.verdict != "wrong-machine":
            return pending, checked
        return stored, self._check_file(text, stored, self._now())

    def _stored_contents(self, record: Record, license_key: str) -> Optional[FileContents]:
        """The contents of the stored file if it is for the license key."""
        verdict = self._verdict(record, self._now())
        contents = verdict.contents if verdict else None
        return contents if contents and contents.license_key == license_key else None

    def _accept_answer(self, license_key: Optional[str], answer: Answer) -> Status:
        key = license_key or answer.response.get("license_key")
        file = answer.response.get("license_file")
        if not isinstance(key, str) or not isinstance(file, str):
            return self.status(reason="file-invalid")
        # The signed time of the answer counts here, since the own clock may be wrong.
        checked = self._check_file(file, trim(key), answer.timestamp)
        if checked.verdict != "valid" or checked.contents is None:
            return self.status(reason=_reason(checked))
        record = with_file(trim(key), file, checked.contents, random.random())
        # Replacing the highest time heals a clock that once ran ahead.
        self.save(replace(record, highest_time=answer.timestamp))
        return self.status(code=answer.code)

    def _accept_refusal(self, license_key: Optional[str], answer: Answer) -> Status:
        record, code = self.load(), answer.code
        status = refused(code)
        is_mistyped = status.state == "unlicensed" and record.license_key != license_key
        if license_key is None or is_mistyped or keeps_license(record, license_key):
            return status
        refusal = Refusal(code, answer.timestamp)
        self.save(replace(with_key(record, license_key, answer.timestamp), refusal=refusal))
        return self.status()

    def _accept_limit(self, license_key: str, answer: Answer) -> Status:
        record = self.load()
        if not keeps_license(record, license_key):
            changed = with_key(record, license_key, answer.timestamp)
            self.save(replace(changed, limit_reached=True))
        return self.status(code=answer.code)


def _reason(checked: FileVerdict) -> str:
    is_for_another = checked.verdict in ("wrong-machine", "other-product")
    return checked.verdict if is_for_another else "file-invalid"
