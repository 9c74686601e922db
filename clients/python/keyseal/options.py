"""The options of an app, checked once at its start so that a mistake is seen on the first run."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Tuple, Union
from urllib.parse import urlsplit

from .device import Device, FixedDevice, MachineDevice
from .keys import PublicKey, load_answer_keys, load_file_keys
from .license_file import FileRules
from .state import DAY_MS
from .storage import FileStorage, Storage, default_folder


@dataclass(frozen=True)
class Options:
    """Checked options. `ttl` is in seconds, and the server decides it if it is None."""

    server: str
    api_key: str
    rules: FileRules
    answer_keys: Tuple[PublicKey, ...]
    encrypt: bool
    grace_ms: int
    ttl: Optional[int]
    storage: Storage
    device: Device
    clock: Callable[[], float]


def read_options(
    *,
    server: str,
    api_key: str,
    product_id: int,
    file_keys: Sequence[str],
    answer_keys: Sequence[str],
    algorithm: str,
    encrypt: bool,
    grace_days: float,
    file_days: Optional[float],
    allow_any_machine: bool,
    storage: Optional[Storage],
    device: Union[Device, str, None],
    clock: Optional[Callable[[], float]],
) -> Options:
    """Raises ValueError with the name of a wrong option and what to do."""
    origin = _origin(server)
    _demand(
        isinstance(api_key, str) and re.fullmatch("[!-~]+", api_key),
        "api_key: give an API key of your server with the capability use.",
    )
    _demand(_is_whole(product_id), "product_id: give the number of the product that you sell.")
    for name, value in (("encrypt", encrypt), ("allow_any_machine", allow_any_machine)):
        _demand(isinstance(value, bool), f"{name}: give True or False.")
    _demand(_is_days(grace_days), "grace_days: give a number of days, 0 or more.")
    _demand(
        file_days is None or (_is_days(file_days) and file_days > 0),
        "file_days: give a number of days above 0, or None.",
    )
    _demand(clock is None or callable(clock), "clock: give a function that returns milliseconds.")
    rules = FileRules(
        product_id, algorithm, load_file_keys(file_keys, algorithm), allow_any_machine
    )
    folder = default_folder(_folder_name(origin, product_id))
    return Options(
        server=origin,
        api_key=api_key,
        rules=rules,
        answer_keys=load_answer_keys(answer_keys),
        encrypt=encrypt,
        grace_ms=int(grace_days * DAY_MS),
        ttl=None if file_days is None else int(file_days * DAY_MS // 1000),
        storage=_storage(storage, folder),
        device=_device(device, folder),
        clock=clock or _milliseconds_now,
    )


def _milliseconds_now() -> float:
    return time.time() * 1000


def _origin(server: str) -> str:
    _demand(
        isinstance(server, str) and _is_origin(server),
        "server: give the origin of your server, such as https://licenses.example.com.",
    )
    return server.rstrip("/")


def _is_origin(server: str) -> bool:
    try:
        parts = urlsplit(server)
        is_host = bool(parts.hostname and parts.hostname.encode("idna")) and parts.port != 0
    except ValueError:
        return False
    is_bare = "@" not in server and f"{parts.scheme}://{parts.netloc}" == server.rstrip("/")
    return is_host and is_bare and parts.scheme in ("http", "https")


def _folder_name(origin: str, product_id: int) -> str:
    """Differs between servers and products. Every file system takes its characters."""
    host = re.sub("[^a-z0-9.-]", "-", urlsplit(origin).netloc.lower())
    return f"{host}-{product_id}"


def _storage(storage: Optional[Storage], folder: Path) -> Storage:
    if storage is None:
        return FileStorage(folder)
    _demand(
        callable(getattr(storage, "read", None)) and callable(getattr(storage, "write", None)),
        "storage: give FileStorage(folder), or an object with read() and write(text).",
    )
    return storage


def _device(device: Union[Device, str, None], folder: Path) -> Device:
    if device is None:
        return MachineDevice(folder)
    if isinstance(device, str):
        _demand(device.strip(), "device: the identifier is empty.")
        return FixedDevice(device)
    _demand(
        callable(getattr(device, "identifier", None)),
        "device: give MachineDevice(folder), a text, or an object with identifier().",
    )
    return device


def _is_whole(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_days(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 36_500


def _demand(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)
