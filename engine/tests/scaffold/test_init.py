"""`fanout init`: a repository that is whole, whatever its names, or one line and nothing."""

import ast
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from fanout.cli.main import main
from fanout.contracts.contract import load
from fanout.contracts.generate import stale
from fanout.contracts.validator import problem_finder
from fanout.errors import Unusable
from fanout.scaffold.engine import Engine
from fanout.scaffold.folder import write_new
from fanout.scaffold.naming import Names, topic_arn
from fanout.scaffold.repository import repository
from tests.examples import examples

ARN = "arn:aws:sns:eu-central-1:210987654321:Orders"
BARE = Engine("0", "")


def init(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(SystemExit) as ended:
        patched.setattr("sys.argv", ["fanout", "init", *arguments])
        main()
    code = ended.value.code
    assert isinstance(code, int)
    return code


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line it says; that nothing was written is checked here."""
    before = sorted(tmp_path.rglob("*"))
    assert init(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), sorted(tmp_path.rglob("*"))) == ("", 1, before)
    return err


@pytest.mark.parametrize("more", [(), ("--subscriber-of", ARN)])
def test_it_writes_a_repository_with_the_engine_in_it(
    more: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(str(tmp_path / "my-shop"), "--event", "order.paid.v1", *more) == 0
    assert "MyShop with the task archive_order of order.paid.v1" in capsys.readouterr().out
    root = tmp_path / "my-shop"
    assert json.loads((root / "cdk.json").read_text())["context"]["fanout:product"] == "MyShop"
    (wheel,) = (root / "vendor").iterdir()
    version = wheel.name.split("-")[1]
    assert f"\nfanout=={version} --hash=sha256:" in (root / "requirements-engine.txt").read_text()
    assert not re.search(r"(?m)^fanout\b", (root / "requirements-dev.txt").read_text())
    assert (ARN in (root / "stacks/settings.py").read_text()) == bool(more)


def test_what_to_run_next_can_be_pasted_whatever_the_folders_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(str(tmp_path / "my shop")) == 0
    assert f"next: cd '{tmp_path}/my shop' && git init" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("{}/shop", "--product", "my shop"), "product 'my shop' can not begin a stack's name"),
        (("{}/2024",), "folder '2024' suggests no product name"),
        (("{}/fanout",), "product 'Fanout' is taken"),
        (("{}/shop", "--event", "Order"), "event 'Order'"),
        (("{}/shop", "--subscriber-of", "Orders"), "topic 'Orders' is no ARN of an SNS topic"),
        (("{}/shop", "--engine", "fanout==0.2.0"), "is another project"),
        (("{}/shop", "--settings", "qa"), "--settings"),
        (("{}/no/shop",), "is not there: make it first"),
    ],
)
def test_what_can_not_be_is_one_line_and_nothing_is_written(
    arguments: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why in refused(tmp_path, capsys, *(each.format(tmp_path) for each in arguments))


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("")
    assert "is not empty, it has mine" in refused(tmp_path, capsys, str(tmp_path), "--product", "Shop")


@st.composite
def names(draw: st.DrawFn) -> Names:
    word = st.from_regex(r"[a-z][a-z0-9]{0,29}", fullmatch=True)
    product = draw(st.from_regex(r"[A-Z][A-Za-z0-9]{0,29}", fullmatch=True))
    try:
        return Names(product, f"{draw(word)}.{draw(word)}.v1")
    except Unusable:
        reject()  # a name of Python or of the engine, as If and Fanout are


LONGEST = 30


def named(product: int, noun: int, verb: int) -> Names:
    """Names of these lengths, no two of which begin alike: imports are sorted by them."""
    first = ascii_lowercase[noun % 26]
    return Names(f"P{'a' * (product - 1)}", f"{first * noun}.{ascii_lowercase[verb * 7 % 26] * verb}.v1")


LENGTHS = [
    *((each, each, each) for each in range(2, LONGEST)),
    *itertools.product((1, LONGEST), repeat=3),
]


@pytest.mark.long
@pytest.mark.parametrize("subscribes", [False, True])
def test_all_python_is_formatted_however_long_the_names(subscribes: bool, tmp_path: Path) -> None:
    for lengths in LENGTHS:
        root = tmp_path / "-".join(map(str, lengths))
        write_new(root, repository(named(*lengths), BARE, topic_arn(ARN) if subscribes else None))
    for arguments in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "."], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@settings(max_examples=examples(10), deadline=None)
@given(names=names(), subscribes=st.booleans())
def test_whatever_the_names_nothing_is_left_to_fill_in_and_all_contracts_are_sound(
    names: Names, subscribes: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("repository")
    files = repository(names, BARE, topic_arn(ARN) if subscribes else None)
    assert not [name for name, text in files.items() if re.search(rb"@[A-Z_]+@", text) or "@" in name]
    write_new(root, files)
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
    contracts = load(root / "contracts")
    assert [each.type for each in contracts] == [names.event] and not stale(contracts, root / "lambdas/events")
    problem = problem_finder(contracts[names.event].schema)
    assert contracts.valid and not [text for text in contracts.valid.values() if problem(json.loads(text))]
    assert contracts.invalid and all(problem(json.loads(text)) for text in contracts.invalid.values())
