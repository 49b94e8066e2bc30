"""A copy of the checkout that is changed as an adopter would, by script."""

import ast
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

LINKED = (".venv", "node_modules")
"""What `make install` made and no test changes."""
CACHED = (".mypy_cache",)


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def readme(self) -> Path:
        return self.root / "README.md"

    @property
    def contributing(self) -> Path:
        return self.root / "CONTRIBUTING.md"

    @property
    def stack(self) -> Path:
        return self.root / "stacks" / "form_events_stack.py"

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def add_task(self, task: str, handler: str, call: str) -> None:
        """One folder and one call, behind the last line of the stack's constructor."""
        self.write(f"lambdas/{task}/__init__.py", "")
        self.write(f"lambdas/{task}/handler.py", handler)
        lines = self.stack.read_text().splitlines()
        lines[end_of_constructor(self.stack) : end_of_constructor(self.stack)] = call.rstrip().splitlines()
        self.stack.write_text("\n".join(lines) + "\n")

    def add_entry(self, name: str, *, like: str) -> None:
        """One more settings entry."""
        path = self.root / "stacks" / "settings.py"
        text = path.read_text()
        entry = f'{name.upper()} = replace({like}, name="{name}")\n\n'
        text = re.sub(r"^ALL = \(", f"{entry}ALL = ({name.upper()}, ", text, flags=re.MULTILINE)
        path.write_text(
            text.replace(
                "from collections.abc import Sequence\n",
                "from collections.abc import Sequence\nfrom dataclasses import replace\n",
                1,
            )
        )

    def changed(self) -> set[str]:
        """Paths that are not as they were in the copied checkout."""
        listed = self._git("status", "--porcelain", "--untracked-files=all", "--no-renames")
        return {line[3:] for line in listed.splitlines() if line[3:] not in LINKED}

    def commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=adopter", "-c", "user.email=adopter@example.com", "commit", "-qm", message)

    def run(self, command: list[str]) -> None:
        """As in a shell of the adopter. Raises CalledProcessError."""
        print(f"  $ {' '.join(command)}", flush=True)
        subprocess.run(command, cwd=self.root, env=_environment(self.root), check=True)

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout


def copy_of(source: Path, root: Path) -> Checkout:
    """What git knows of `source` as it is now, in a repository of its own, with what is installed linked."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=source, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, root / name)
    for name in LINKED:
        (root / name).symlink_to(source / name)
    for name in CACHED:
        if (source / name).exists():
            shutil.copytree(source / name, root / name)
    made = Checkout(root)
    made._git("init", "-q", "-b", "main")
    made.commit("as it was cloned")
    return made


def block(document: Path, name: str) -> str:
    """The code behind the comment `<!-- name -->`."""
    found = re.search(rf"<!-- {name} -->\n```python\n(.*?)```", document.read_text(), re.DOTALL)
    if found is None:
        raise SystemExit(f"error: {document.name} has no block {name}")
    return found[1]


def end_of_constructor(stack: Path) -> int:
    """The line number after the last statement of the stack's `__init__`."""
    functions = [node for node in ast.walk(ast.parse(stack.read_text())) if isinstance(node, ast.FunctionDef)]
    (constructor,) = [each for each in functions if each.name == "__init__"]
    assert constructor.end_lineno
    return constructor.end_lineno


def _environment(root: Path) -> dict[str, str]:
    """Without what a make around this one says; with the copy's engine in place of the installed one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**kept, "PYTHONPATH": str(root / "engine" / "src")}
