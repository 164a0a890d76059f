"""What GREEN-API sent and could not be read is shown as text, and read again."""

from __future__ import annotations

from administration import EVIL, keep, seen, trail


def test_what_could_not_be_read_is_shown_as_text_and_cut(admin, desk):
    keep(desk, EVIL + "x" * 20_000)

    page, alone = admin.get("/admin/notifications").text, admin.get("/admin/notifications/1").text

    for text in (page, alone):
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
        assert "<img" not in text
    assert page.count("x" * 161) == 0
    assert 16_000 < alone.count("x") < 17_000


def test_what_is_readable_by_now_is_read_again(admin, desk):
    keep(desk, '{"typeWebhook": "incomingMessageReceived"}', "{")

    seen(admin.post("/admin/notifications/1/replay"), "/admin/notifications")
    assert "not needed or kept" in admin.get("/admin/notifications").text
    admin.post("/admin/notifications/replay")

    page = admin.get("/admin/notifications").text
    assert "1 still cannot be read." in page
    assert trail(desk.store) == [("ada", "notification.replayed", None)]
    assert admin.get("/admin/notifications/1").status_code == 404


def test_where_everything_was_read_the_page_says_so(admin, desk):
    assert "Everything was read." in admin.get("/admin/notifications").text
