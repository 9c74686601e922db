"""Identifies this machine by a random identifier that survives a change of one machine part.

The identifier is stored next to a salted hash of each part. While all parts but one match, it
stays. Otherwise this is another machine, or the folder was copied, and a new identifier is made.
"""

import contextlib
import hashlib
import json
import secrets
import threading
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Protocol, Union

from .machine_parts import read_machine_parts
from .storage import read_text, write_text

VERSION = 1
CHANGED_PARTS_MAX = 1

Parts = Dict[str, List[str]]


class Device(Protocol):
    """Gives the identifier of this machine. Replace it to identify devices in another way."""

    def identifier(self) -> str:
        """The same text on every call, with 1 to 255 characters."""


class FixedDevice:
    """A device with a known identifier."""

    def __init__(self, identifier: str) -> None:
        self._identifier = identifier

    def identifier(self) -> str:
        return self._identifier


class MachineDevice:
    """This machine. Keeps its identifier in the file `device.json` of a folder."""

    def __init__(
        self, folder: Union[str, Path], read_parts: Callable[[], Parts] = read_machine_parts
    ) -> None:
        self._path = Path(folder) / "device.json"
        self._read_parts = read_parts
        self._lock = threading.Lock()
        self._known: Optional[str] = None

    def identifier(self) -> str:
        """Raises OSError if the file cannot be read, or a new identifier cannot be stored."""
        with self._lock:
            if self._known is None:
                self._known = self._identify(self._read_parts())
            return self._known

    def _identify(self, parts: Parts) -> str:
        stored = _parse(read_text(self._path))
        if stored is None or stored.count_changed(parts) > CHANGED_PARTS_MAX:
            made = Stored(str(uuid.uuid4()), secrets.token_hex(16), {})
            self._write(made.with_parts(parts))
            return made.identifier
        updated = stored.with_parts(parts)
        if updated != stored:
            # A part that changed is stored anew, so that another one may change later.
            with contextlib.suppress(OSError):
                self._write(updated)
        return stored.identifier

    def _write(self, stored: "Stored") -> None:
        write_text(self._path, json.dumps({"version": VERSION, **asdict(stored)}, indent=2))


@dataclass(frozen=True)
class Stored:
    """An identifier, and the hashes of the parts of its machine."""

    identifier: str
    salt: str
    parts: Parts

    def with_parts(self, parts: Parts) -> "Stored":
        """Replaces the parts that can be read now."""
        return replace(self, parts={**self.parts, **self.hashed(parts)})

    def count_changed(self, parts: Parts) -> int:
        """The parts without a common value. A part that cannot be read now counts as the same."""
        return sum(
            1
            for name, values in self.hashed(parts).items()
            if name in self.parts and not set(values) & set(self.parts[name])
        )

    def hashed(self, parts: Parts) -> Parts:
        """The salted hashes of the parts that can be read."""
        return {
            name: sorted(self._hash(name, value) for value in values)
            for name, values in parts.items()
            if values
        }

    def _hash(self, name: str, value: str) -> str:
        text = f"{self.salt}:{name}:{value}".encode("utf-8", "replace")
        return hashlib.sha256(text).hexdigest()


def _parse(text: Optional[str]) -> Optional[Stored]:
    try:
        stored = json.loads(text or "null")
        if stored["version"] != VERSION or not stored["identifier"]:
            return None
        parts = {name: [str(each) for each in values] for name, values in stored["parts"].items()}
        return Stored(str(stored["identifier"]), str(stored["salt"]), parts)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
