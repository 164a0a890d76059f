"""What needs somebody is said on the first page, with a link to where it is mended."""

from __future__ import annotations

from administration import fail, keep
from sqlalchemy import update

from bridge import holding
from bridge.store import tables


def test_without_an_instance_the_pages_say_what_to_do(admin):
    assert 'href="/admin/instances/add"' in admin.get("/admin/instances").text
    first = admin.get("/admin").text
    assert 'href="/admin/instances/add"' in first
    assert 'href="/admin/connections/add"' in first


def test_all_quiet_says_so(admin, desk):
    assert "All quiet" in admin.get("/admin").text


def test_what_needs_somebody_leads_to_where_it_is_mended(admin, desk):
    fail(desk)
    desk.connect("third", "all")
    [*_, third] = desk.snapshot().connections
    desk.store.write(lambda db: holding.pause(db, third.id, "credentials", "Its key is refused.", desk.moment()))
    keep(desk, "{")
    desk.store.write(
        lambda db: db.execute(update(tables.instances).values(state="blocked", state_at=desk.moment())) and None
    )

    page = admin.get("/admin").text

    assert "All quiet" not in page
    for text in ("GREEN-API says that it is blocked", "is paused. Its key is refused.", "1 delivery failed."):
        assert text in page
    for href in (
        "/admin/instances/support/check",
        "/admin/notifications",
        "/admin/deliveries?connection=all-0&amp;state=failed",
    ):
        assert f'href="{href}"' in page


def test_nobody_at_work_is_said(admin, store):
    assert "Nobody is at work." in admin.get("/admin").text
