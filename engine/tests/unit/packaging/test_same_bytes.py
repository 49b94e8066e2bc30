"""Two machines that differ in all that is no input make the same zip of a task and the same layer, with uv itself and no network."""

import base64
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fanout.packaging.zip_contents import OF_FEW, RUNTIME
from tests.places import APP, ENGINE
from tests.unit.packaging import small_app as app

TASK = "notify_partner"
MAKE = """
import shutil, sys
from pathlib import Path
from fanout.packaging import dependencies, targets, zip_contents
root, out, few = Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:])
dependencies.install(root, [targets.aws_target()], print)
layer = dependencies.dependencies_of(root, "notify_partner", targets.aws_target())
shutil.copytree(layer, out / "layer")
shutil.copytree(zip_contents.zip_contents(root, "notify_partner", engine=root / "engine", beside=few), out / "zip")
"""
WHEEL = {
    "pair/__init__.py": b"from pair import fast\n",
    "pair/fast.so": b"\x7fELF compiled",
    "pair/tables/rates.csv": b"a,b\n",
    "pair-1.data/scripts/pair-tool": b"#!python\nprint('installed')\n",
    "pair-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: pair\nVersion: 1\n",
    "pair-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "pair-1.dist-info/entry_points.txt": b"[console_scripts]\npair = pair:fast\n",
}


def wheel() -> bytes:
    """With what an installer writes this machine's path into: a script, an entry point."""
    held, listed = io.BytesIO(), ""
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in WHEEL.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            listed += f"{name},sha256={digest},{len(content)}\n"
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo("pair-1.dist-info/RECORD"), f"{listed}pair-1.dist-info/RECORD,,\n")
    return held.getvalue()


def sources() -> dict[str, bytes]:
    """The app's folder, with the engine's runtime in it, by name."""
    roots = [(APP, "lambdas", "lambdas"), *((ENGINE / "src/fanout", part, "engine") for part in RUNTIME)]
    found = {
        f"{to}/{path.relative_to(root / part if to == 'lambdas' else root)}": path.read_bytes()
        for root, part, to in roots
        for path in ([root / part] if (root / part).is_file() else (root / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    pinned = f"pair==1 --hash=sha256:{hashlib.sha256(wheel()).hexdigest()}\n".encode()
    return found | {f"lambdas/{TASK}/requirements.txt": pinned, "wheels/pair-1-py3-none-any.whl": wheel()}


def made_on(folder: Path, *, umask: int, written: float, backwards: bool, **environment: str) -> Path:
    """What a machine makes whose files were written then, in this order and under this umask.

    The one that writes them backwards has bytecode of another Python among them.
    """
    root, out = folder / "app", folder / "out"
    left = {f"lambdas/{each}/__pycache__/left.cpython-399.pyc": b"x" for each in (TASK, "events")}
    files = sources() | (left if backwards else {})
    for name, content in sorted(files.items(), reverse=backwards):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod((0o777 if backwards else 0o666) & ~umask)  # the first as on a file system that keeps no modes
        os.utime(path, (written, written))
    own = {"HOME": str(folder), "UV_CACHE_DIR": str(folder / "cache"), "UV_FIND_LINKS": str(root / "wheels")}
    subprocess.run(
        [sys.executable, "-c", MAKE, str(root), str(out), *OF_FEW],
        env={"PATH": os.environ["PATH"], "UV_NO_INDEX": "1", "UV_OFFLINE": "1", **own, **environment},
        cwd=folder,
        umask=umask,
        check=True,
        timeout=60,
    )
    return out


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    near, far = tmp_path_factory.mktemp("near"), tmp_path_factory.mktemp("far") / "another home" / "of-somebody"
    far.mkdir(parents=True)
    other = {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "UV_LINK_MODE": "hardlink", "UV_COMPILE_BYTECODE": "1"}
    return (
        made_on(near, umask=0o022, written=5e8, backwards=False, PYTHONHASHSEED="0"),
        made_on(far, umask=0o077, written=2e9, backwards=True, **other),
    )


@pytest.mark.long
@pytest.mark.parametrize("made", ["layer", "zip"])
def test_the_same_inputs_are_the_same_bytes_on_another_machine(made: str, both: tuple[Path, Path]) -> None:
    near, far = (folder / made for folder in both)
    assert app.files(near) == app.files(far)
    assert app.zipped(near) == app.zipped(far)


def test_they_hold_what_was_asked_for(both: tuple[Path, Path]) -> None:
    assert app.files(both[0] / "layer") == {f"python/{name}" for name in WHEEL if "scripts" not in name}
    assert {f"fanout/runtime/{name}" for name in OF_FEW} | {f"{TASK}/handler.py"} <= app.files(both[0] / "zip")
