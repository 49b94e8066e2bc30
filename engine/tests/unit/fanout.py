"""`fanout` as a person or a pipeline calls it."""

import json
from typing import Any

import pytest

from fanout.cli import main


class Run:
    """Calls `fanout`, or the command of it that `first` names, and remembers what it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *first: str) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.first = first
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        self.monkeypatch.setattr("sys.argv", ["fanout", *self.first, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        self.out, self.err = self.capsys.readouterr()
        return ended.value.code if isinstance(ended.value.code, int) else 0

    def json(self) -> Any:
        return json.loads(self.out)
