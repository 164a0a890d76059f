"""The audit trail on its page: who did what, each deed in words, and strangers' text as text."""

from __future__ import annotations

import re
from pathlib import Path

from administration import EVIL

import bridge
from bridge import audit


def test_the_trail_lists_who_did_what_as_text(admin, store, now):
    store.write(lambda db: audit.record(db, now, "shell:ann", "config.applied", EVIL, changes=[EVIL], again=False))

    page = admin.get("/admin/audit").text

    assert "shell:ann" in page
    assert "config.applied" in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;[URL]") == 2
    assert "<img" not in page


def test_the_trail_says_each_deed_in_words(admin, store, now):
    source = "".join(path.read_text("utf-8") for path in Path(bridge.__file__).parent.rglob("*.py"))
    kinds = "caller|config|connection|delivery|follow_up|instance|notification|token|user"
    deeds = set(re.findall(rf'"((?:{kinds})\.[a-z_]+)"', source)) - {"user.name"}
    assert {"connection.tested", "follow_up.taken_over"} < deeds
    for deed in deeds:
        store.write(lambda db, deed=deed: audit.record(db, now, "ann", deed))

    page = admin.get("/admin/audit").text

    for deed in deeds:
        assert re.search(rf'data-label="What">[a-z]\S.* <code class="small">{re.escape(deed)}<', page), deed
