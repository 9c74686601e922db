"""Licenses your app with Keyseal, also while the server cannot be reached. See README.md."""

from .answer import Answer, read_answer
from .client import Keyseal, OfflineRequest
from .device import Device, MachineDevice
from .license_file import FileContents, FileVerdict, verify_file
from .state import Status
from .storage import FileStorage, Storage

__all__ = [
    "Answer",
    "Device",
    "FileContents",
    "FileStorage",
    "FileVerdict",
    "Keyseal",
    "MachineDevice",
    "OfflineRequest",
    "Status",
    "Storage",
    "read_answer",
    "verify_file",
]
