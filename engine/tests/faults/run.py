"""The run of `faults`: the stack with sabotaged tasks, on an embedded AWS that survives being killed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from fanout.local.console import step
from fanout.local.emulator.emulator import Emulator
from fanout.local.evidence import Evidence
from fanout.local.run import Agree, Run
from fanout.project import find_root
from tests.faults.checkout import make_checkout
from tests.places import ENGINE

SAVE = "/_faults/save"


@dataclass
class LastingEmulator(Emulator):
    """Keeps what it was told on disk: https://github.com/ministackorg/ministack, PERSIST_STATE."""

    @property
    def kept(self) -> Path:
        return self.state.folder / "aws"

    def kill_and_start(self) -> None:
        """As after a power cut: what runs is gone, what was written is read again."""
        self.get(SAVE)
        self.process.stop(patience=0.0)
        self.start()

    def _program(self, listener: int) -> list[str]:
        replaced = {"fanout.local.emulator.ministack_fixes:app": "tests.faults.emulator_app:app"}
        return [replaced.get(word, word) for word in super()._program(listener)]

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self._persistence()}

    def _persistence(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ENGINE),
            "SAVE_PATH": SAVE,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.kept),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.kept / "s3"),
        }


@dataclass
class FaultsRun(Run):
    """Its tasks are found in lambdas/, as their Subscribers are."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.emulator: LastingEmulator = LastingEmulator(self.state, self.preferred_port)

    def up(self, port: int | None = None, agree: Agree = lambda deletions: None) -> Evidence:
        """From nothing, always. Hold the lock."""
        for folder in (self.emulator.kept, self.state.folder / "workers"):
            shutil.rmtree(folder, ignore_errors=True)
        with step("starting the embedded AWS, with its persistence on"):
            self.emulator.start(port)
            self.receiver.start()
        app = make_checkout(self.state.folder / "checkout", tasks())
        return self._deploy(agree, app)

    def down(self) -> bool:
        was_running = super().down()
        for folder in (self.emulator.kept, self.state.folder / "checkout"):
            shutil.rmtree(folder, ignore_errors=True)
        return was_running


def tasks() -> tuple[str, ...]:
    """Of every task that works on events."""
    handlers = sorted((find_root() / "lambdas").glob("*/handler.py"))
    return tuple(each.parent.name for each in handlers if "handler_of(" in each.read_text())
