"""The door that GREEN-API knocks at, and two instances behind it."""

from __future__ import annotations

import json

import pytest
from desk import ID_INSTANCE, Desk, notification
from door import PATH, TOKEN
from doorstep import BERLIN
from office import office

from bridge import instances
from bridge.instances import InstanceConfig
from bridge.web import create_app


@pytest.fixture
def desk(store, now):
    """Two instances, `support` and `berlin`, each with a token of its own and one that they share."""
    desk = Desk(store, now)
    config = InstanceConfig("berlin", BERLIN, "https://api.example.com", "t0ken", ("b3rlin", "shared"))
    store.write(lambda db: instances.save(db, store.secrets, config, None))
    support = desk.directory.current().by_id[1]
    shared = InstanceConfig("support", ID_INSTANCE, "https://api.example.com", "t0ken", ("s3cret", "shared"))
    store.write(lambda db: instances.save(db, store.secrets, shared, support))
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, desk.moment)


@pytest.fixture
def post(service):
    client = create_app(service).test_client()

    def post(body=None, token=TOKEN, path=PATH, **options):
        data = body if isinstance(body, bytes) else json.dumps(notification() if body is None else body).encode()
        headers = {} if token is None else {"Authorization": token}
        return client.post(path, data=data, headers=headers, buffered=True, **options)

    return post
