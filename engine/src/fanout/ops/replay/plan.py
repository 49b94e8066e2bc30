"""What a replay is about and how far it is: a file of SQLite beside the journal, which survives a kill at any moment.

One row for each archived object: its key, what was found of it, and whether it was sent. No body is in it. What is written
is on the disk before the next step begins (https://www.sqlite.org/pragma.html#pragma_synchronous), and rows are read a
few hundred at a time, so a million objects take no more memory than a thousand. About 400 bytes of disk each.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from fanout.errors import OpsError, Unusable

LISTED, READY, SENDING, SENT = "listed", "ready", "sending", "sent"
"""Of a row that may be sent, in this order; any other state is why it is not: see `checking`."""
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}\.json")
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS prefixes (prefix TEXT PRIMARY KEY, day TEXT, after TEXT NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL,
    archived REAL NOT NULL, state TEXT NOT NULL, why TEXT, type TEXT, event_id TEXT, grouped TEXT, time REAL,
    bytes INTEGER, message TEXT
);
CREATE INDEX IF NOT EXISTS by_state ON objects (state, time, number);
CREATE INDEX IF NOT EXISTS by_name ON objects (name);
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing tells of it. `archived`: seconds; `name`: the last part of its key, an event's identity."""

    key: str
    etag: str
    size: int
    archived: float

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Row:
    """`archived`: seconds."""

    number: int
    key: str
    name: str
    etag: str
    archived: float
    event_id: str | None = None

    @property
    def is_identity(self) -> bool:
        """Whether its name is an event's identity (`fanout.runtime.identity`); an engine before 0.4 named it by its id."""
        return _IDENTITY.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at one object and its record said. `bytes`: of the message, as SQS counts them; `time`: seconds."""

    number: int
    state: str
    why: str | None = None
    type: str | None = None
    event_id: str | None = None
    group: str | None = None
    time: float | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """Of keys to list, from `after` on. `day`: of the keys of today; None where an older engine left it out of them."""

    prefix: str
    day: str | None
    after: str = ""


class Plan:
    """Used by one thread of one process: a second one is refused."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self._database = path, database

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Raises OpsError when the file cannot be used, or another program has it."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            database = sqlite3.connect(path, isolation_level=None, timeout=1)
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            busy = "locked" in str(error)
            why = "another fanout replay is at work with it" if busy else str(error)
            raise OpsError(f"the plan {path} cannot be used: {why}") from None
        try:
            yield cls(path, database)
        except sqlite3.Error as error:
            raise OpsError(f"the plan {path} cannot be written ({error}): mend that, and run it again") from None
        finally:
            database.close()

    def clear(self) -> None:
        """As new."""
        with self._at_once():
            for table in ("facts", "prefixes", "objects"):
                self._database.execute(f"DELETE FROM {table}")

    def remove(self) -> None:
        """Once it is over."""
        self._database.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    # ---- facts

    def fact(self, name: str) -> Any:
        row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def need(self, name: str) -> Any:
        found = self.fact(name)
        if found is None:
            raise Unusable(f"{self.path} is no plan of a replay")
        return found

    def set(self, **facts: Any) -> None:
        with self._at_once():
            rows = [(name, json.dumps(value)) for name, value in facts.items()]
            self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    # ---- the listing

    def add_prefixes(self, prefixes: Iterable[Prefix]) -> None:
        with self._at_once():
            rows = [(each.prefix, each.day, each.after) for each in prefixes]
            self._database.executemany("INSERT OR IGNORE INTO prefixes VALUES (?, ?, ?, 0)", rows)

    def prefixes(self) -> list[Prefix]:
        """Those that are not listed to their end."""
        rows = self._database.execute("SELECT prefix, day, after FROM prefixes WHERE NOT ended ORDER BY prefix")
        return [Prefix(*row) for row in rows]

    def add_page(self, prefix: str, objects: Sequence[Listed], after: str | None) -> None:
        """One page of a listing, and where the next begins; None: it was the last."""
        rows = [(each.key, each.name, each.etag, each.size, each.archived, LISTED) for each in objects]
        with self._at_once():
            self._database.executemany(
                "INSERT OR IGNORE INTO objects (key, name, etag, size, archived, state) VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            ended = int(after is None)
            self._database.execute(
                "UPDATE prefixes SET after = ?, ended = ? WHERE prefix = ?", (after or "", ended, prefix)
            )

    # ---- the rows

    def portion(self, state: str, limit: int) -> list[Row]:
        """The next rows of a state: the oldest event first, as far as that is known."""
        rows = self._database.execute(
            "SELECT number, key, name, etag, archived, event_id FROM objects WHERE state = ?"
            " ORDER BY time, number LIMIT ?",
            (state, limit),
        )
        return [Row(*row) for row in rows]

    def has_other(self, row: Row, but: Sequence[str]) -> bool:
        """Whether another object has the same name, and a state that is none of `but`."""
        where = ", ".join("?" * len(but))
        found = self._database.execute(
            f"SELECT 1 FROM objects WHERE name = ? AND number <> ? AND state NOT IN ({where}) LIMIT 1",
            (row.name, row.number, *but),
        )
        return found.fetchone() is not None

    def found(self, all_: Iterable[Found]) -> None:
        rows = [
            (each.state, each.why, each.type, each.event_id, each.group, each.time, each.bytes, each.number)
            for each in all_
        ]
        with self._at_once():
            self._database.executemany(
                "UPDATE objects SET state = ?, why = ?, type = ?, event_id = ?, grouped = ?, time = ?, bytes = ?"
                " WHERE number = ?",
                rows,
            )

    def mark(self, state: str, numbers: Iterable[int]) -> None:
        with self._at_once():
            self._database.executemany("UPDATE objects SET state = ? WHERE number = ?", [(state, n) for n in numbers])

    def mark_sent(self, sent: Iterable[tuple[int, str]]) -> None:
        """Numbers, with the id that SQS gave each."""
        with self._at_once():
            self._database.executemany(
                "UPDATE objects SET state = ?, message = ? WHERE number = ?", [(SENT, id_, n) for n, id_ in sent]
            )

    def refuse(self, refused: Iterable[tuple[int, str, str]]) -> None:
        """Numbers, with the state and the reason of each."""
        with self._at_once():
            self._database.executemany(
                "UPDATE objects SET state = ?, why = ? WHERE number = ?", [(state, why, n) for n, state, why in refused]
            )

    # ---- counts

    def counts(self) -> dict[str, int]:
        return dict(self._database.execute("SELECT state, COUNT(*) FROM objects GROUP BY state"))

    def by_type(self, *states: str) -> dict[str, int]:
        where = ", ".join("?" * len(states))
        return dict(
            self._database.execute(
                f"SELECT type, COUNT(*) FROM objects WHERE state IN ({where}) GROUP BY type ORDER BY type", states
            )
        )

    def done_before(self) -> int:
        """How many of those to send the task has done, as far as records tell."""
        return int(
            self._database.execute(
                "SELECT COUNT(*) FROM objects WHERE state IN (?, ?) AND why IS NOT NULL", (READY, SENDING)
            ).fetchone()[0]
        )

    def sums(self, *states: str) -> tuple[int, int, float | None, float | None]:
        """How many, bytes of their messages, the time of the oldest and of the newest."""
        where = ", ".join("?" * len(states))
        row = self._database.execute(
            f"SELECT COUNT(*), COALESCE(SUM(bytes), 0), MIN(time), MAX(time) FROM objects WHERE state IN ({where})",
            states,
        ).fetchone()
        return int(row[0]), int(row[1]), row[2], row[3]

    def keys(self, state: str, limit: int) -> list[tuple[str, str]]:
        """Keys and reasons."""
        rows = self._database.execute(
            "SELECT key, COALESCE(why, '') FROM objects WHERE state = ? ORDER BY number LIMIT ?", (state, limit)
        )
        return [(str(key), str(why)) for key, why in rows]

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Whole and on the disk, or not at all."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
