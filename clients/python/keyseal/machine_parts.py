"""Reads what identifies a machine: its system id, host name, network cards and processor.

Each part is a list of values, since a machine may have several network cards. A part that cannot be
read is an empty list. Nothing of this leaves the machine.
"""

import platform
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Dict, List

PROGRAM_TIMEOUT_SECONDS = 5
_RANDOM_ADDRESS_BIT = 1 << 40


def read_machine_parts() -> Dict[str, List[str]]:
    """All parts by name."""
    return {
        "system": _system_id(),
        "host": _readable(platform.node()),
        "network": _network_addresses(),
        "processor": _processor(),
        "board": _board(),
    }


def _system_id() -> List[str]:
    if sys.platform == "win32":
        return _windows_value(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    if sys.platform == "darwin":
        return _mac_platform("IOPlatformUUID")
    return _first_line("/etc/machine-id") or _first_line("/var/lib/dbus/machine-id")


def _network_addresses() -> List[str]:
    """The addresses of network cards. Interfaces without a device come and go with containers."""
    cards = [path for path in Path("/sys/class/net").glob("*") if (path / "device").exists()]
    addresses = [line for path in cards for line in _first_line(str(path / "address"))]
    if addresses or sys.platform == "linux":
        return addresses
    address = uuid.getnode()
    # RFC 4122 section 4.5: uuid sets this bit in an address that it made up.
    return [] if address & _RANDOM_ADDRESS_BIT else [f"{address:012x}"]


def _processor() -> List[str]:
    if sys.platform == "linux":
        name = re.search(r"^model name\s*:\s*(.+)$", _contents("/proc/cpuinfo"), re.MULTILINE)
        return _readable(name[1] if name else platform.machine())
    return _readable(platform.processor())


def _board() -> List[str]:
    if sys.platform == "win32":
        return _windows_value(r"HARDWARE\DESCRIPTION\System\BIOS", "SystemProductName")
    if sys.platform == "darwin":
        return _mac_platform("model")
    return _first_line("/sys/class/dmi/id/product_name")


def _windows_value(key: str, name: str) -> List[str]:
    if sys.platform != "win32":
        return []
    import winreg  # Exists only on Windows.

    try:
        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, access) as opened:
            return _readable(str(winreg.QueryValueEx(opened, name)[0]))
    except OSError:
        return []


def _mac_platform(name: str) -> List[str]:
    command = ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, timeout=PROGRAM_TIMEOUT_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    value = re.search(rf'"{name}" = <?"([^"]+)"', output)
    return _readable(value[1] if value else "")


def _first_line(path: str) -> List[str]:
    return _readable(_contents(path).partition("\n")[0])


def _contents(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _readable(value: str) -> List[str]:
    return [value.strip()] if value.strip() else []
