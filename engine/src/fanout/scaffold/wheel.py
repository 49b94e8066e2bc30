"""Makes a wheel of the engine that runs, so that a new repository can carry the very same one.

The engine is on no index, and the public one has a project of the same name that is somebody else's. What is installed
holds all that a wheel does, so the wheel is packed again from it: no network, and the same bytes each time.
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import fanout
from fanout.errors import Unusable

_OF_THE_INSTALLER = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"})


@dataclass(frozen=True)
class Wheel:
    """A wheel, whole."""

    name: str
    version: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def installed_wheel() -> Wheel:
    """Packs the engine that runs. Raises Unusable where it was started from bare files."""
    try:
        found = distribution("fanout")
    except PackageNotFoundError:
        raise Unusable("the engine runs from bare files: install its wheel, or give one with --engine") from None
    files = {**_package(), **_metadata(found)}
    folder = f"fanout-{found.version}.dist-info"
    files[f"{folder}/RECORD"] = _record(files, folder)
    return Wheel(f"fanout-{found.version}-py3-none-any.whl", found.version, _zip(files))


def read_wheel(path: Path) -> Wheel:
    """A wheel of the engine from a file. Raises Unusable for anything else."""
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except OSError as error:
        raise Unusable(f"can not read {path}: {(error.strerror or type(error).__name__).lower()}") from None
    except zipfile.BadZipFile:
        raise Unusable(f"{path} is no wheel: it is no zip file") from None
    name, _, rest = path.name.partition("-")
    if name != "fanout" or not path.name.endswith(".whl") or "fanout/constructs/__init__.py" not in names:
        raise Unusable(f"{path} is no wheel of the engine: expected one as in fanout-0.2.0-py3-none-any.whl")
    return Wheel(path.name, rest.split("-")[0], content)


def _package() -> dict[str, bytes]:
    root = Path(fanout.__file__).parent
    found = [path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {f"fanout/{path.relative_to(root).as_posix()}": path.read_bytes() for path in found}


def _metadata(found: Distribution) -> dict[str, bytes]:
    folder = f"fanout-{found.version}.dist-info"
    parts = [path.parts for path in found.files or () if path.parts[0] == folder]
    kept = [Path(*each) for each in sorted(parts) if each[-1] not in _OF_THE_INSTALLER]
    return {path.as_posix(): Path(str(found.locate_file(path.as_posix()))).read_bytes() for path in kept}


def _record(files: dict[str, bytes], folder: str) -> bytes:
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, f"{folder}/RECORD,,", ""]).encode()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980, so that the same files are the same bytes
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
