"""The portal's REST interface: one method, or many in a batch, and what its refusals mean.

Source: https://apidocs.bitrix24.com/api-reference/common/errors.html
Source: https://apidocs.bitrix24.com/limits.html
Source: https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.bitrix24.refusals import error_in, refused
from connectors.kit import ConnectorError, Http, Rate, Retryable

Json = Any  # foreign JSON, until it has been read
Params = Mapping[str, Any]

BATCH = 50  # commands that one batch takes

# Documented for every plan but the largest: 2 a second, 50 at once, for each portal and source address. Something is
# left for requests that an attempt makes beyond its usual number, and for others behind the same address.
PER_SECOND = 2.0
BURST = 40


def rate(host: str) -> Rate:
    """What a portal allows. All connections to it share one bucket, however they are authorised."""
    return Rate(host.lower(), PER_SECOND, BURST)


class Rest:
    """One portal, with one way of being authorised. Raises ConnectorError; see `refusals` for which."""

    def __init__(self, http: Http, base_url: str, auth: Params | None = None) -> None:
        """`auth` goes into every body: `{"auth": token}` for an application, nothing for a webhook."""
        self._api = http.at(base_url, classify=refused)
        self._auth = dict(auth or {})

    def call(self, method: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None) -> Json:
        """The `result` of one method. Always a POST with a JSON body: a GET leaves its parameters in logs."""
        answer = self._api.post(method, {**(params or {}), **self._auth}, headers)
        if not isinstance(answer, dict) or "result" not in answer:
            raise Retryable("The portal answered without a result.", sent=True)
        return answer["result"]

    def batch(self, commands: Mapping[str, tuple[str, Params]]) -> dict[str, Json | ConnectorError]:
        """What came of each command, by its name: its result, or the error that it would have raised alone.

        A batch counts as one request and answers 200 even if every command failed. It is no transaction: what ran
        stays. Raises ConnectorError where the batch as a whole failed.
        """
        outcomes: dict[str, Json | ConnectorError] = {}
        names = list(commands)
        for start in range(0, len(names), BATCH):
            outcomes |= self._run({name: commands[name] for name in names[start : start + BATCH]})
        return outcomes

    def _run(self, commands: Mapping[str, tuple[str, Params]]) -> dict[str, Json | ConnectorError]:
        lines = {name: f"{method}?{query(params)}" for name, (method, params) in commands.items()}
        answer = self.call("batch", {"halt": 0, "cmd": lines})
        results, errors = _map(answer, "result"), _map(answer, "result_error")
        return {name: _outcome(name, results, errors) for name in commands}


def query(params: Params) -> str:
    """Parameters as a batch wants them: `filter[ID]=5&select[0]=ID`, values quoted."""
    return "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in _flat(params))


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{index}]")
    else:
        yield name, str(value)


def _map(answer: Json, key: str) -> Mapping[str, Json]:
    found = answer.get(key) if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}  # an empty map arrives as []


def _outcome(name: str, results: Mapping[str, Json], errors: Mapping[str, Json]) -> Json | ConnectorError:
    if name in errors:
        return error_in(errors[name])
    if name in results:
        return results[name]
    return Retryable("The portal did not say what came of every command of a batch.", sent=True)
