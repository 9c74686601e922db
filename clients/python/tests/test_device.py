"""The identifier of this machine."""

import json
import os
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from keyseal import MachineDevice
from keyseal.machine_parts import read_machine_parts

PARTS = {
    "system": ["id"],
    "host": ["name"],
    "network": ["card 1", "card 2"],
    "processor": ["cpu"],
    "board": [],
}


class Devices(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.first = self.identifier()

    def identifier(self, **changes: list) -> str:
        """The identifier after a restart, on a machine with these parts."""
        return MachineDevice(self.folder, lambda: {**PARTS, **changes}).identifier()

    def stored(self) -> str:
        return (self.folder / "device.json").read_text()

    def test_is_a_random_uuid_that_stays(self):
        self.assertRegex(self.first, "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-")
        self.assertEqual(self.identifier(), self.first)
        os.remove(self.folder / "device.json")
        self.assertNotEqual(self.identifier(), self.first)

    def test_survives_one_changed_part(self):
        for changed in ("system", "host", "network", "processor"):
            self.assertEqual(self.identifier(**{changed: ["new"]}), self.first)
            self.identifier()

    def test_does_not_survive_two_changed_parts(self):
        self.assertNotEqual(self.identifier(system=["new"], host=["new"]), self.first)

    def test_survives_one_part_after_the_other(self):
        self.assertEqual(self.identifier(system=["new"]), self.first)
        self.assertEqual(self.identifier(system=["new"], host=["new"]), self.first)

    def test_a_part_that_cannot_be_read_counts_as_the_same(self):
        unreadable = {"system": [], "network": [], "processor": []}
        self.assertEqual(self.identifier(**unreadable, host=["new"]), self.first)
        self.assertNotEqual(self.identifier(host=["newer"], processor=["new"]), self.first)

    def test_one_of_several_network_cards_is_enough(self):
        changed = {"network": ["card 2", "card 3"], "host": ["new"]}
        self.assertEqual(self.identifier(**changed), self.first)

    def test_a_new_kind_of_part_changes_nothing(self):
        self.assertEqual(self.identifier(board=["b"], host=["new"]), self.first)

    def test_stores_no_part_in_the_clear(self):
        for value in ("name", "card", "cpu"):
            self.assertNotIn(value, self.stored().replace('"network"', "").replace("processor", ""))
        hashes = re.findall("[0-9a-f]{64}", self.stored())
        self.assertEqual(len(hashes), 5)
        os.remove(self.folder / "device.json")
        self.identifier()
        self.assertFalse(set(hashes) & set(re.findall("[0-9a-f]{64}", self.stored())))

    def test_text_that_cannot_be_read_counts_as_missing(self):
        for text in ("", "{", "[]", "null", '{"version":2}', '{"version":1,"identifier":""}'):
            (self.folder / "device.json").write_text(text)
            made = self.identifier()
            self.assertNotEqual(made, self.first)
            self.assertEqual(json.loads(self.stored())["identifier"], made)

    def test_an_identifier_that_cannot_be_stored_is_an_error(self):
        # It would take a seat at every start.
        with mock.patch("os.replace", side_effect=OSError("full")):
            self.assertEqual(self.identifier(host=["new"]), self.first)
            with self.assertRaises(OSError):
                self.identifier(host=["new"], system=["new"])

    def test_reads_this_machine(self):
        parts = read_machine_parts()
        self.assertEqual(set(parts), set(PARTS))
        self.assertEqual(read_machine_parts(), parts)
        self.assertTrue(any(parts.values()))
        real = MachineDevice(self.folder / "real")
        self.assertEqual(real.identifier(), MachineDevice(self.folder / "real").identifier())
