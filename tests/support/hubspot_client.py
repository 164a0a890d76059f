"""Asks the stand-in of HubSpot, as strict as HubSpot itself: what it let through would prove nothing."""

from __future__ import annotations

import json

import requests
from hubspot_portal import Line

CALL = {"hs_timestamp": "2026-11-20T14:03:12Z", "hs_call_title": "WhatsApp call from Ann", "hs_call_status": "BUSY"}


class Client:
    """Says what a test says, byte by byte."""

    def __init__(self, portal, plan=None):
        self.portal, self.line = portal, Line(portal, plan)

    def ask(self, method, path, body=None, **headers):
        fields = {"Authorization": f"Bearer {self.portal.token}", "Content-Type": "application/json", **headers}
        content = None if body is None else json.dumps(body).encode()
        url = f"https://api.hubapi.com{path}"
        request = requests.Request(method, url, {k: v for k, v in fields.items() if v}, data=content).prepare()
        return self.line.send(request)

    def objects(self, path, body=None, method="POST"):
        return self.ask(method, f"/crm/objects/2026-09/{path}", body)

    def upsert(self, kind, key, **properties):
        by = {"contacts": "wa_caller_id", "calls": "wa_call_key", "tasks": "wa_task_key"}[kind]
        one = {"id": key, "idProperty": by, "properties": {by: key, **properties}}
        return self.objects(f"{kind}/batch/upsert", {"inputs": [one]})

    def search(self, kind="contacts", **filters):
        each = [{"propertyName": name, "operator": "EQ", "value": value} for name, value in filters.items()]
        answer = self.objects(f"{kind}/search", {"filterGroups": [{"filters": [one]} for one in each]})
        return [one["id"] for one in answer.json()["results"]]
