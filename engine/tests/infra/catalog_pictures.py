"""Mermaid drawn to SVG by beautiful-mermaid, and what the picture shows, read from the drawing itself."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.places import ENGINE

NODE = Path(sys.executable).with_name("node")
BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Picture:
    """`texts` are drawn words, a line each. `edges` are (from, to, what is written on it), by the source's ids."""

    svg: str

    @property
    def texts(self) -> list[str]:
        drawn = self._drawing().iter(f"{_SVG}text")
        lines = [list(each.iter(f"{_SVG}tspan")) or [each] for each in drawn]
        return ["".join(line.itertext()).strip() for some in lines for line in some]

    @property
    def edges(self) -> list[tuple[str, str, str]]:
        drawn = [each for each in self._drawing().iter() if each.get("class") == "edge"]
        return sorted(
            (each.get("data-from", ""), each.get("data-to", ""), each.get("data-label", "")) for each in drawn
        )

    @property
    def size(self) -> tuple[float, float]:
        drawing = self._drawing()
        return float(drawing.get("width", "0")), float(drawing.get("height", "0"))

    def _drawing(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.svg)


def sources(path: Path) -> list[str]:
    """The Mermaid blocks of a Markdown file."""
    return BLOCK.findall(path.read_text("utf-8"))


def pictures(of: Sequence[str]) -> list[Picture]:
    """One Node process for all. Raises CalledProcessError for a source that cannot be drawn."""
    script = ENGINE / "tests" / "infra" / "mermaid_pictures.mjs"
    done = subprocess.run([NODE, script], input=json.dumps(of), capture_output=True, text=True, check=True, timeout=60)
    return [Picture(svg) for svg in json.loads(done.stdout)]
