"""A wheel packed from what is installed is a wheel: pip's own rules hold, and it is the same bytes each time."""

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from fanout.errors import Unusable
from fanout.scaffold.engine import choose_engine
from fanout.scaffold.wheel import Wheel, installed_wheel, read_wheel


@pytest.fixture(scope="module")
def wheel() -> Wheel:
    return installed_wheel()


def test_every_file_is_recorded_with_its_hash_and_size(wheel: Wheel) -> None:
    archive = zipfile.ZipFile(io.BytesIO(wheel.content))
    (record,) = [name for name in archive.namelist() if name.endswith("/RECORD")]
    rows = {name: (hash_, size) for name, hash_, size in csv.reader(archive.read(record).decode().splitlines())}
    assert list(rows) == archive.namelist() and rows[record] == ("", "")
    for name in archive.namelist()[:-1]:
        content = archive.read(name)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert rows[name] == (f"sha256={digest}", str(len(content))), name


def test_it_holds_the_package_and_its_metadata_and_nothing_of_this_machine(wheel: Wheel) -> None:
    names = zipfile.ZipFile(io.BytesIO(wheel.content)).namelist()
    folder = f"fanout-{wheel.version}.dist-info"
    assert {"fanout/constructs/topic.py", f"{folder}/METADATA", f"{folder}/WHEEL", f"{folder}/entry_points.txt"} <= set(
        names
    )
    assert {name.split("/")[0] for name in names} == {"fanout", folder}
    assert not [
        name for name in names if "__pycache__" in name or name.endswith(("direct_url.json", "INSTALLER", ".pth"))
    ]


def test_it_is_the_same_bytes_each_time(wheel: Wheel) -> None:
    assert installed_wheel() == wheel


def test_a_wheel_is_read_from_a_file(wheel: Wheel, tmp_path: Path) -> None:
    (tmp_path / wheel.name).write_bytes(wheel.content)
    assert read_wheel(tmp_path / wheel.name) == wheel


def test_what_is_no_wheel_of_the_engine_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    (tmp_path / "fanout-1-py3-none-any.whl").write_bytes(b"text")
    (tmp_path / "other-1-py3-none-any.whl").write_bytes(wheel.content)
    with zipfile.ZipFile(tmp_path / "fanout-1.3.0-py3-none-any.whl", "w") as foreign:
        foreign.writestr("fanout/__init__.py", "")
    for name, why in [
        ("fanout-1-py3-none-any.whl", "is no zip file"),
        ("other-1-py3-none-any.whl", "is no wheel of the engine"),
        ("fanout-1.3.0-py3-none-any.whl", "is no wheel of the engine"),
        (".", "can not read"),
    ]:
        with pytest.raises(Unusable, match=why):
            read_wheel(tmp_path / name)


def test_the_engine_that_runs_is_the_default_and_is_found_in_vendor_by_its_hash_alone(wheel: Wheel) -> None:
    engine = choose_engine()
    assert engine.wheel == wheel
    assert engine.requirements.splitlines()[1:] == [
        "--no-index",
        "--find-links vendor",
        "--require-hashes",
        f"fanout=={wheel.version} --hash=sha256:{wheel.sha256}",
    ]


def test_an_address_needs_the_hash_of_what_is_there() -> None:
    address = "https://example.com/w/fanout-0.3.0-py3-none-any.whl"
    engine = choose_engine(f"{address}#sha256={'a' * 64}")
    assert (engine.version, engine.wheel) == ("0.3.0", None)
    assert engine.requirements.endswith(f"\nfanout @ {address}#sha256={'a' * 64}\n")
    with pytest.raises(Unusable, match="sha256"):
        choose_engine(address)


@pytest.mark.parametrize("given", ["fanout", "fanout==0.2.0", "fanout[local]>=1", "no/such.whl"])
def test_a_name_that_an_index_would_be_asked_for_is_refused(given: str) -> None:
    with pytest.raises(Unusable, match="is another project"):
        choose_engine(given)
