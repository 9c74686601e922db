"""A server on this machine that signs like Keyseal. Each test says what it answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qs

from keyseal import Keyseal

from . import maker

Fields = Dict[str, str]


class LocalServer:
    """Answers check-outs with a file, and deactivations with "400", until a test changes `code`.

    `now` is the time of the server, `changes` replace members of the answer, and `respond`
    replaces all of it: it gets the handler and the fields.
    """

    def __init__(self) -> None:
        self.now = maker.NOW
        self.code: Any = None
        self.changes: Dict[str, Any] = {}
        self.file_options: Dict[str, Any] = {}
        self.respond: Optional[Callable[["Handler", Fields], None]] = None
        self.requests: List[Fields] = []
        self.active = 0
        self.active_most = 0
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.local = self  # type: ignore[attr-defined]
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def body(self, path: str, fields: Fields) -> str:
        """The signed answer."""
        key = fields.get("license_key")
        response: Dict[str, Any] = {"code": self.code, "message": "", "timestamp": self.now // 1000}
        if path == "/api/v1/check-out" and self.code in (None, 2210):
            response.update(code=2210, license_file=self._file(key, fields))
        elif path == "/api/v1/start-trial" and self.code in (None, 2211, 2212):
            trial = {"license_key": "TRIAL", "license_file": self._file("TRIAL", fields)}
            response.update({"code": self.code or 2211, **trial})
        elif self.code is None:
            response["code"] = "400"
        response["proof"] = maker.proof(
            nonce=fields["nonce"], license_key=key, identifier=fields["identifier"]
        )
        return maker.envelope({**response, **self.changes})

    def _file(self, key: Optional[str], fields: Fields) -> str:
        made = {
            "license_key": key,
            "identifier": fields["identifier"],
            "issued": self.now,
            "encrypted": fields["encrypt"] == "1",
            "algorithm": fields["algorithm"],
            **self.file_options,
        }
        return maker.license_file(**made)


class Handler(BaseHTTPRequestHandler):
    """One request to a LocalServer."""

    is_active = False

    def do_POST(self) -> None:
        local: LocalServer = self.server.local  # type: ignore[attr-defined]
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(text).items()}
        with local.lock:
            local.requests.append({"path": self.path, **fields})
            local.active += 1
            self.is_active = True
            local.active_most = max(local.active_most, local.active)
        try:
            if local.respond is not None:
                local.respond(self, fields)
            else:
                self.send(200, local.body(self.path, fields))
        except ConnectionError:
            pass  # The client did not wait for the answer.
        finally:
            self.end()

    def end(self) -> None:
        """Counts the request as ended, once: before the client can read the answer."""
        local: LocalServer = self.server.local  # type: ignore[attr-defined]
        with local.lock:
            local.active -= int(self.is_active)
            self.is_active = False

    def send(self, status: int, body: str, headers: Optional[Dict[str, str]] = None) -> None:
        self.end()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        data = body.encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


class MemoryStorage:
    """Keeps the text in memory, and counts how often it was written."""

    def __init__(self, text: Optional[str] = None) -> None:
        self.text = text
        self.writes = 0

    def read(self) -> Optional[str]:
        return self.text

    def write(self, text: str) -> None:
        self.text = text
        self.writes += 1

    @property
    def stored(self) -> Dict[str, Any]:
        return json.loads(self.text or "{}")


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = maker.NOW

    def __call__(self) -> float:
        return self.now


def app(origin: str, storage: Any, clock: Any, **changes: Any) -> Keyseal:
    """An app that trusts the keys of the maker."""
    options = {
        "server": origin,
        "api_key": "api-key",
        "product_id": maker.PRODUCT_ID,
        "file_keys": [maker.raw_hex(maker.ED25519)],
        "answer_keys": [maker.pem(maker.ANSWER_KEY)],
        "storage": storage,
        "device": maker.IDENTIFIER,
        "clock": clock,
    }
    return Keyseal(**{**options, **changes})
