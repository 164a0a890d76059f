"""What needs an administrator's attention now, each with a link to where it is mended."""

from __future__ import annotations

from flask import Blueprint, Response

from bridge import attention, listing
from bridge.service import Service
from bridge.web import pages


def blueprint(service: Service) -> Blueprint:
    """`/admin`."""
    overview = pages.blueprint("overview", "administrator")

    @overview.get("/admin")
    def show() -> Response:
        with service.store.read() as db:
            matters = attention.now(db, service.now())
            instances, connections = listing.instances(db, service.now()), listing.connections(db)
        return pages.page("admin/overview.html", matters=matters, instances=instances, connections=connections)

    return overview
