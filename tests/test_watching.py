"""The alert rules and the dashboard ask for what `/metrics` tells, and every alert has somewhere to read what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from desk import CHAT, Desk
from office import Clock, office
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from bridge import instances
from bridge.instances import InstanceConfig
from bridge.web import create_app

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operating.md").read_text()
GROUPS = YAML(typ="safe").load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "ringbridge.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]

# Added by Prometheus: the target's job and its own `instance`, which is why ours arrives as `exported_instance`.
OF_PROMETHEUS = {"job"}
RENAMED = {"exported_instance": "instance"}


@pytest.fixture
def exposed(store, now):
    """{name of a series: its labels}, of a bridge of which every metric has something to tell."""
    desk = Desk(store, now)
    clock = Clock(desk)
    client = create_app(office(store, clock)).test_client()
    polled = InstanceConfig("line", "7103111333", "https://api.example.com", "t0ken", (), intake="poll")
    store.write(lambda db: instances.save(db, store.secrets, polled, None))
    client.get("/metrics")
    client.post("/webhooks/greenapi", data=b"{}", headers={"Authorization": "Bearer wrong"})
    desk.know(CHAT)
    desk.hear("offer")
    desk.tell(1)
    clock.after = 60
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def series(expression):
    """(name, labels that its selector compares) of each series of ours that an expression reads."""
    for name, selector in re.findall(r"\b(ringbridge_\w+)(?:\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))


def grouped(expression):
    return {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_whatever_is_asked_for_is_there_with_its_labels(exposed):
    for expression in ASKED:
        read = list(series(expression))
        assert read or expression == 'up{job="ringbridge"} == 0'
        for name, compared in read:
            assert name in exposed, expression
            labels = {RENAMED.get(label, label) for label in compared | grouped(expression)} - OF_PROMETHEUS
            assert labels <= exposed[name], expression


def test_every_alert_says_what_it_means_and_where_to_read_what_to_do():
    headings = {heading.strip().lower() for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    assert len(RULES) == len({rule["alert"] for rule in RULES})
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["annotations"]["summary"].strip()
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor) == ("docs/operating.md", rule["alert"].lower())
        assert anchor in headings


def test_no_alert_is_described_that_there_is_not():
    described = set(re.findall(r"^#+ (Ringbridge[A-Z]\w+)$", PAGE, re.MULTILINE))
    assert described == {rule["alert"] for rule in RULES}


def test_a_summary_names_only_labels_that_its_expression_keeps():
    for rule in RULES:
        named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert named <= grouped(rule["expr"]) or rule["expr"].startswith("up{"), rule["alert"]


def test_the_dashboard_asks_its_own_data_source_and_every_panel_says_what_it_shows():
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "job"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert all(one["datasource"]["uid"] == "${datasource}" for one in (panel, *panel["targets"]))


def test_no_two_panels_of_the_dashboard_lie_on_one_another():
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23


def test_every_metric_that_is_documented_is_on_the_dashboard():
    documented = set(re.findall(r"^\| `(ringbridge_\w+)`", PAGE, re.MULTILINE)) - {"ringbridge_build_info"}
    shown = {
        re.sub(r"_bucket$", "", name) for panel in PANELS for one in panel["targets"] for name, _ in series(one["expr"])
    }
    assert documented == shown
