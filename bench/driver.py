"""The sender, a process of its own: reads one order from stdin, writes what came of it to stdout, both JSON.

`road` sends calls by the clock, whatever the answers do (an open loop): a notification's time begins when it was to
be sent, so that what has to wait behind a slow answer is slow as well. `flood` sends as fast as a fixed number of
connections get answers (a closed loop), and counts them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import selectors
import sys
import time
from contextlib import suppress
from time import monotonic_ns
from typing import Any

from bench import plan, wire

_LEAD = 0.3  # seconds until the first is sent
_PATIENCE = 20.0  # seconds that answers may take after the last was sent


async def road(order: dict[str, Any]) -> dict[str, Any]:
    """Send the plan. `rows`: webhook-id, scheduled, written, answered (monotonic ns), status, counted."""
    run, rate, seconds = order["run"], order["rate"], order["seconds"]
    slots = plan.introductions(run, rate) if order["introduce"] else plan.slots(run, rate, seconds)
    began = monotonic_ns() + round(_LEAD * 1e9)
    clock = time.time() + _LEAD
    requests = [
        wire.request(
            order["path"],
            plan.incoming_call(run, slot, int(clock + slot.at)),
            f"Bearer {plan.token(slot.instance)}",
        )
        for slot in slots
    ]
    due = [began + round(slot.at * 1e9) for slot in slots]
    seen: list[tuple[int, int, int]] = [(0, 0, 0)] * len(slots)
    left, done = len(slots), asyncio.Event()

    def answered(number: int, written: int, at: int, status: int) -> None:
        nonlocal left
        seen[number] = (written, at, status)
        left -= 1
        if not left:
            done.set()

    loop = asyncio.get_running_loop()
    lines = [wire.Line(answered) for _ in range(plan.INSTANCES)]
    opening: dict[int, asyncio.Task[object]] = {}
    position = 0

    def send(number: int) -> None:
        instance = slots[number].instance
        if instance not in opening:  # not sooner: some servers spend a thread on a connection that says nothing
            opened = loop.create_connection(lambda: lines[instance], "127.0.0.1", order["port"])
            opening[instance] = loop.create_task(opened)
        lines[instance].send(number, requests[number])

    def tick() -> None:
        nonlocal position
        now = monotonic_ns()
        while position < len(slots) and due[position] <= now:
            send(position)
            position += 1
        if position < len(slots):
            loop.call_at(due[position] / 1e9, tick)

    _without_pauses()
    tick()
    with suppress(TimeoutError):  # what was not answered has no status, and is counted as refused
        await asyncio.wait_for(done.wait(), _LEAD + slots[-1].at + _PATIENCE)
    for line in lines:
        line.close()
    rows = [(slot.webhook_id, due[i], *seen[i], slot.counted) for i, slot in enumerate(slots)]
    return {"rows": rows, "cpu": time.process_time()}


async def flood(order: dict[str, Any]) -> dict[str, Any]:
    """Send what nobody needs, as fast as it is answered: how many in `seconds`, after half a second of warm-up."""
    count, wrong = 0, 0
    begin = monotonic_ns() + 500_000_000
    end = begin + round(order["seconds"] * 1e9)
    bodies = [
        wire.request(order["path"], plan.incoming_message(i), f"Bearer {plan.token(i)}") for i in range(plan.INSTANCES)
    ]
    open_lines = order["connections"]
    done = asyncio.Event()

    def answered(number: int, _written: int, at: int, status: int) -> None:
        nonlocal count, wrong, open_lines
        if begin <= at < end:
            count += 1
        wrong += status != 200
        if at < end and status == 200:
            lines[number].send(number, bodies[(number + count) % plan.INSTANCES])
        else:
            open_lines -= 1
            if not open_lines:
                done.set()

    lines = [await _connected(order["port"], answered) for _ in range(open_lines)]
    _without_pauses()
    for number, line in enumerate(lines):
        line.send(number, bodies[number])
    await asyncio.wait_for(done.wait(), order["seconds"] + _PATIENCE)
    for line in lines:
        line.close()
    return {"per_second": count / order["seconds"], "wrong": wrong, "cpu": time.process_time()}


async def _connected(port: int, answered: wire.Answered) -> wire.Line:
    _, line = await asyncio.get_running_loop().create_connection(lambda: wire.Line(answered), "127.0.0.1", port)
    return line


def _without_pauses() -> None:
    gc.collect()
    gc.disable()


def main() -> None:
    order = json.load(sys.stdin)
    # epoll counts in whole milliseconds, select does not.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        result = runner.run(flood(order) if order["mode"] == "flood" else road(order))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
