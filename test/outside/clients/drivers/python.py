"""Runs the Python client for the tests that all clients share.

Reads one JSON object a line from standard input, and answers each with a line of JSON.
"""

import json
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "clients" / "python"))

from keyseal import (  # noqa: E402
    FileStorage,
    Keyseal,
    MachineDevice,
    Status,
    read_answer,
    verify_file,
)

Message = Dict[str, Any]

OPTION_NAMES = {
    "server": "server",
    "apiKey": "api_key",
    "productId": "product_id",
    "fileKeys": "file_keys",
    "answerKeys": "answer_keys",
    "algorithm": "algorithm",
    "encrypt": "encrypt",
    "graceDays": "grace_days",
    "fileDays": "file_days",
    "allowAnyMachine": "allow_any_machine",
}
FILE_OPTIONS = ("product_id", "file_keys", "algorithm", "allow_any_machine")
ANSWER_OPTIONS = ("product_id", "answer_keys")


class Driver:
    """One app, and the clock that it reads."""

    def __init__(self) -> None:
        self.app: Optional[Keyseal] = None
        self.now: Optional[int] = None

    def answer(self, message: Message) -> Message:
        name = message["do"]
        if name in ("new", "clock", "verifyFile", "readAnswer"):
            return getattr(self, f"do_{name}")(message)
        if self.app is None:
            raise ValueError("The first message must be new")
        return self.call(self.app, name, message)

    def call(self, app: Keyseal, name: str, message: Message) -> Message:
        if name == "settle":
            app.wait()
            return {}
        if name == "has":
            return {"has": app.has(message["feature"])}
        if name == "offlineRequest":
            request = app.offline_request(message["key"])
            return {"text": request.text, "url": request.url}
        calls = {
            "activate": lambda: app.activate(message["key"]),
            "check": app.check,
            "refresh": app.refresh,
            "deactivate": app.deactivate,
            "startTrial": app.start_trial,
            "acceptFile": lambda: app.accept_file(message["text"]),
        }
        return status_members(calls[name]())

    def do_new(self, message: Message) -> Message:
        self.now = milliseconds(message.get("now"))
        folder = message["folder"]
        self.app = Keyseal(
            **options_of(message),
            storage=FileStorage(folder),
            device=message.get("identifier") or MachineDevice(folder),
            clock=lambda: time.time() * 1000 if self.now is None else self.now,
        )
        return {}

    def do_clock(self, message: Message) -> Message:
        self.now = milliseconds(message["now"])
        return {}

    def do_verifyFile(self, message: Message) -> Message:
        verdict = verify_file(
            message["file"],
            license_key=message["licenseKey"],
            identifier=message["identifier"],
            now=milliseconds(message.get("now")),
            **chosen(options_of(message), FILE_OPTIONS),
        )
        if verdict.contents is None:
            return {"verdict": verdict.verdict}
        return {
            "verdict": verdict.verdict,
            "features": verdict.contents.features,
            "expiresAt": iso(verdict.contents.expires_at),
            "expiry": iso(verdict.contents.expiry),
        }

    def do_readAnswer(self, message: Message) -> Message:
        answer = read_answer(
            message["body"],
            nonce=message["nonce"],
            license_key=message["licenseKey"],
            identifier=message["identifier"],
            **chosen(options_of(message), ANSWER_OPTIONS),
        )
        if answer is None:
            return {"accepted": False}
        return {"accepted": True, "code": answer.code}


def options_of(message: Message) -> Message:
    return {OPTION_NAMES[name]: value for name, value in message["options"].items()}


def chosen(options: Message, names: Any) -> Message:
    return {name: options[name] for name in names if name in options}


def status_members(status: Status) -> Message:
    return {
        "state": status.state,
        "features": status.features,
        "expiresAt": iso(status.expires_at),
        "daysLeft": status.days_left,
        "code": status.code,
        "reason": status.reason,
    }


def iso(moment: Optional[datetime]) -> Optional[str]:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: Optional[str]) -> Optional[int]:
    if text is None:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.astimezone(timezone.utc).timestamp() * 1000)


def main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")
    driver = Driver()
    for line in sys.stdin:
        try:
            answer = driver.answer(json.loads(line))
        except Exception as error:  # The tests see every error as an answer.
            answer = {"error": str(error) or repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
