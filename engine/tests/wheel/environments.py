"""The engine's wheel, and environments that have nothing but it and one of its extras."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fanout.packaging.uv_install import _uv
from tests.places import ENGINE

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Environment:
    """A virtual environment; its programs see no other package and no folder of this repository."""

    folder: Path

    @property
    def packages(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def run(self, program: str, *arguments: str | Path, cwd: Path | None = None, path: str = os.defpath) -> Ended:
        here = {"PATH": f"{self.folder / 'bin'}{os.pathsep}{path}", "HOME": str(self.folder)}
        command = [str(self.folder / "bin" / program), *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd or self.folder, env=here, capture_output=True, text=True, check=False, timeout=120
        )

    def installed(self) -> set[str]:
        """Names of distributions."""
        return {path.name.partition("-")[0].lower().replace("_", "-") for path in self.packages.glob("*.dist-info")}


def build_wheel(folder: Path) -> Path:
    """By the README's line, from the sources alone, in a copy: setuptools leaves a build/ behind, and packs what it finds in one."""
    copy = folder / "engine"
    shutil.copytree(ENGINE / "src", copy / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copy(ENGINE / "pyproject.toml", copy)
    (line,) = re.findall(r"^pip wheel [^#\n]*", (ENGINE / "README.md").read_text("utf-8"), re.MULTILINE)
    _run(sys.executable, "-m", *shlex.split(line), cwd=folder)
    (wheel,) = folder.glob("dist/*.whl")
    return wheel


def environment(folder: Path, wheel: Path, extra: str = "", *also: str) -> Environment:
    """`also` are further requirements."""
    _run(_uv(), "venv", "--quiet", "--python", sys.executable, str(folder))
    asked = f"fanout[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    python = str(folder / "bin" / "python")
    _run(_uv(), "pip", "install", "--quiet", "--python", python, "--no-config", *also, asked)
    return Environment(folder)


def _run(*command: str, cwd: Path | None = None) -> None:
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
