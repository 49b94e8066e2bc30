"""From the archive into the plan: a page of a thousand keys at a time, several days side by side."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from typing import Final

from fanout.ops.interrupt import Stop
from fanout.ops.replay.archive import Archive
from fanout.ops.replay.plan import Listed, Plan, Prefix
from fanout.ops.replay.selection import Selection

AT_A_TIME: Final = 8
_Page = tuple[list[Listed], str | None]


def list_into(
    plan: Plan, archive: Archive, selection: Selection, began: datetime, told: Callable[[int], None], stop: Stop
) -> None:
    """Lists what is left to list; after a kill it goes on behind the last page that the plan has. `told`: how many so far.

    A prefix is asked for page after page, as each begins where the one before ended.
    """
    if not plan.fact("prefixes"):
        plan.add_prefixes(archive.prefixes(selection))
        plan.set(prefixes=True)
    waiting, count = deque(plan.prefixes()), sum(plan.counts().values())
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running: dict[Future[_Page], Prefix] = {}

        def ask(prefix: Prefix) -> None:
            running[pool.submit(archive.page, prefix, selection, began)] = prefix

        try:
            while (waiting or running) and not stop:
                while waiting and len(running) < AT_A_TIME:
                    ask(waiting.popleft())
                for each in wait(running, return_when=FIRST_COMPLETED).done:
                    prefix = running.pop(each)
                    objects, after = each.result()
                    plan.add_page(prefix.prefix, objects, after)
                    count += len(objects)
                    told(count)
                    if after is not None:
                        ask(replace(prefix, after=after))
        finally:
            pool.shutdown(cancel_futures=True)
