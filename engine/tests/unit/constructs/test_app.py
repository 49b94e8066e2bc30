"""What an app leaves beside its templates."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.project import ARGUMENTS


@pytest.mark.long
@pytest.mark.parametrize("arguments", [[], ["local"]])
def test_an_assembly_says_what_its_program_was_asked_for(arguments: list[str], tmp_path: Path) -> None:
    program = f"from fanout.constructs import App\nwith App(outdir={str(tmp_path)!r}): pass"
    subprocess.run([sys.executable, "-c", program, *arguments], check=True)
    assert json.loads((tmp_path / ARGUMENTS).read_text()) == arguments
