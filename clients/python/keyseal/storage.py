"""Where the app keeps its license: by default a file that only its user can read."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Optional, Protocol, Union


class Storage(Protocol):
    """Keeps one text. Replace it to store the license elsewhere."""

    def read(self) -> Optional[str]:
        """The text, or None if there is none."""

    def write(self, text: str) -> None:
        """Replaces the text as a whole."""


class FileStorage:
    """Keeps the text in the file `license.json` of a folder."""

    def __init__(self, folder: Union[str, Path]) -> None:
        self._path = Path(folder) / "license.json"

    def read(self) -> Optional[str]:
        return read_text(self._path)

    def write(self, text: str) -> None:
        write_text(self._path, text)


def read_text(path: Path) -> Optional[str]:
    """The text of a file, or None if there is no file. Raises OSError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def write_text(path: Path, text: str) -> None:
    """Replaces a file as a whole, so that a crash leaves the old text or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes a file that only its user can read (mode 0600).
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def default_folder(name: str) -> Path:
    """The folder of this name in the user's configuration folder."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "keyseal" / name
