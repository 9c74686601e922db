"""The file that keeps the license."""

import os
import stat
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from keyseal import FileStorage
from keyseal.storage import default_folder


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "new" / "folder"
        self.storage = FileStorage(self.folder)

    def test_reads_what_it_wrote(self):
        self.assertIsNone(self.storage.read())
        for text in ("first", "second\nlines – ü"):
            self.storage.write(text)
            self.assertEqual(FileStorage(str(self.folder)).read(), text)
        self.assertEqual(os.listdir(self.folder), ["license.json"])

    @unittest.skipIf(sys.platform == "win32", "Windows has no modes")
    def test_only_its_user_can_read_it(self):
        self.storage.write("text")
        self.assertEqual(stat.S_IMODE((self.folder / "license.json").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)

    def test_a_failed_write_keeps_the_old_text(self):
        self.storage.write("old")
        with mock.patch("os.replace", side_effect=OSError("full")), self.assertRaises(OSError):
            self.storage.write("new")
        self.assertEqual(self.storage.read(), "old")
        self.assertEqual(os.listdir(self.folder), ["license.json"])

    def test_readers_see_whole_texts_while_others_write(self):
        texts = [letter * 50_000 for letter in "ab"]
        self.storage.write(texts[0])

        def write(text: str) -> None:
            for _ in range(20):
                FileStorage(self.folder).write(text)

        threads = [threading.Thread(target=write, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assertIn(self.storage.read(), texts)


class Folders(unittest.TestCase):
    def test_each_system_has_its_folder(self):
        for platform, variables, expected in (
            ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/keyseal/app"),
            ("linux", {"HOME": "/home/ada"}, "/home/ada/.config/keyseal/app"),
            ("darwin", {"HOME": "/home/ada"}, "/home/ada/Library/Application Support/keyseal/app"),
            ("win32", {"APPDATA": "/roaming"}, "/roaming/keyseal/app"),
        ):
            with mock.patch("sys.platform", platform), mock.patch.dict(
                os.environ, variables, clear=True
            ):
                self.assertEqual(default_folder("app").as_posix(), expected)
