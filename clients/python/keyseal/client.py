"""The license of an app on this machine.

Guarantees: `check` never waits for the network. Only a signed answer to the very request that was
sent takes a license away. Several threads may use one object.
"""

import base64
import contextlib
import json
from dataclasses import dataclass, replace
from typing import Callable, Optional, Sequence, Union

from .background import Turn
from .device import Device
from .options import read_options
from .server import Server
from .state import LIMIT_REACHED_CODE, USABLE, Status
from .storage import Storage
from .stored_license import StoredLicense
from .text import trim

DEACTIVATED_CODES = ("400", "401", "202", "210")


@dataclass(frozen=True)
class OfflineRequest:
    """What a machine without a network asks for. `url` opens the page that answers it."""

    text: str
    url: str


class Keyseal:
    """One license of one product on this machine. README.md explains the options."""

    def __init__(
        self,
        *,
        server: str,
        api_key: str,
        product_id: int,
        file_keys: Sequence[str],
        answer_keys: Sequence[str],
        algorithm: str = "ed25519",
        encrypt: bool = True,
        grace_days: float = 7,
        file_days: Optional[float] = None,
        allow_any_machine: bool = False,
        storage: Optional[Storage] = None,
        device: Union[Device, str, None] = None,
        clock: Optional[Callable[[], float]] = None,
    ) -> None:
        """Raises ValueError with the name of a wrong option and what to do."""
        self._options = read_options(
            server=server,
            api_key=api_key,
            product_id=product_id,
            file_keys=file_keys,
            answer_keys=answer_keys,
            algorithm=algorithm,
            encrypt=encrypt,
            grace_days=grace_days,
            file_days=file_days,
            allow_any_machine=allow_any_machine,
            storage=storage,
            device=device,
            clock=clock,
        )
        self._server = Server(self._options)
        self._license = StoredLicense(self._options)
        self._turn = Turn()

    def check(self) -> Status:
        """What the app may do now. Starts a refresh in the background if one is due."""
        with self._license.lock:
            status = self._license.status()
            is_due = self._license.is_refresh_due()
        if is_due:
            self._turn.start(self._refresh_if_due)
        return status

    def has(self, feature: str) -> bool:
        """Whether the license allows the feature, by the last check."""
        last = self._license.last or self.check()
        return last.state in USABLE and feature in last.features

    def activate(self, key: str) -> Status:
        """Activates a license key on this machine. A refused key does not replace a working one.

        Raises what the storage raises. So do the other methods below, but never for the network.
        """
        license_key = trim(key)
        if not license_key:
            return self._license.status(reason="refused")
        return self._in_turn(lambda: self._activate(license_key))

    def refresh(self) -> Status:
        """Asks the server now, for example when the buyer has renewed."""
        return self._in_turn(self._refresh)

    def deactivate(self) -> Status:
        """Frees the seat of this machine and forgets the license."""
        return self._in_turn(self._deactivate)

    def start_trial(self) -> Status:
        """Starts or continues the trial of this machine. A license that works is kept."""
        return self._in_turn(self._start_trial)

    def offline_request(self, key: str) -> OfflineRequest:
        """Makes the request that another device exchanges for a license file."""
        license_key = trim(key)
        request = {
            "license_key": license_key,
            "identifier": self._license.identifier(),
            "algorithm": self._options.rules.algorithm,
        }
        with self._license.lock:
            self._license.save(replace(self._license.load(), pending_key=license_key))
        plain = json.dumps(request, ensure_ascii=False, separators=(",", ":"))
        text = base64.urlsafe_b64encode(plain.encode("utf-8")).decode("ascii").rstrip("=")
        return OfflineRequest(text, f"{self._options.server}/offline#{text}")

    def accept_file(self, text: str) -> Status:
        """Stores the license file that answers an offline request."""
        return self._license.accept_file(text)

    def wait(self, timeout_seconds: Optional[float] = None) -> None:
        """Waits until a refresh in the background has ended."""
        self._turn.wait(timeout_seconds)

    def _in_turn(self, ask: Callable[[], Status]) -> Status:
        with self._turn.taken() as is_taken:
            return ask() if is_taken else self._license.status(reason="unreachable")

    def _activate(self, license_key: str) -> Status:
        self._license.require_storage()
        reply = self._server.check_out(license_key, self._license.identifier())
        status = self._license.conclude(license_key, reply)
        if reply.answer is not None and reply.answer.code == LIMIT_REACHED_CODE:
            return Status("limit-reached", code=LIMIT_REACHED_CODE)
        return status

    def _refresh(self) -> Status:
        license_key = self._license.begin_attempt()
        if license_key is None:
            return self._license.status()
        reply = self._server.check_out(license_key, self._license.identifier())
        return self._license.conclude_attempt(license_key, reply)

    def _refresh_if_due(self) -> None:
        # The app did not ask for this refresh. If the storage or the device fails, it hears of it
        # from the methods that it calls.
        with contextlib.suppress(Exception):
            if self._license.is_refresh_due():
                self._refresh()

    def _deactivate(self) -> Status:
        license_key = self._license.load().license_key
        if license_key is None:
            return self._license.status()
        reply = self._server.deactivate(license_key, self._license.identifier())
        answer = reply.answer
        if answer is None or answer.code not in DEACTIVATED_CODES:
            return self._license.unchanged(reply)
        self._license.forget(license_key, answer.timestamp)
        return self._license.status(code=answer.code)

    def _start_trial(self) -> Status:
        status = self._license.status()
        if status.state in USABLE:
            return status
        self._license.require_storage()
        return self._license.conclude(None, self._server.start_trial(self._license.identifier()))
