"""A dry run: a notification is pasted, and nothing comes of it but an answer."""

from __future__ import annotations

from flask import Blueprint, Response, request

from bridge import dry_runs
from bridge.service import Service
from bridge.web import pages

_LONGEST = 65536  # letters: whatever is longer was not pasted by a person


def blueprint(service: Service) -> Blueprint:
    """`/admin/dry-run`."""
    made = pages.blueprint("dry_run", "administrator")

    @made.get("/admin/dry-run")
    def show() -> Response:
        return pages.page("connections/dry_run.html", pasted="", result=None)

    @made.post("/admin/dry-run")
    def run() -> Response:
        pasted = request.form.get("body", "")[:_LONGEST]
        result = dry_runs.dry_run(service, pasted.strip().encode("utf-8", "replace"))
        return pages.page("connections/dry_run.html", pasted=pasted, result=result)

    return made
