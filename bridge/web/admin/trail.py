"""The audit trail on a page: who changed what."""

from __future__ import annotations

from flask import Blueprint, Response, url_for

from bridge import audit
from bridge.service import Service
from bridge.web import pages

PAGE = 50


def blueprint(service: Service) -> Blueprint:
    """`/admin/audit`."""
    trail = pages.blueprint("audit", "administrator")

    @trail.get("/admin/audit")
    def show() -> Response:
        before = pages.number("before")
        with service.store.read() as db:
            rows = audit.listing(db, PAGE + 1, before=before)
        older = url_for("audit.show", before=rows[PAGE - 1]["id"]) if len(rows) > PAGE else None
        return pages.page("audit/list.html", rows=rows[:PAGE], older=older)

    return trail
