"""Requests as every connector makes them: limited in time, size and addresses; answers turned into errors."""

from __future__ import annotations

import json as jsonlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from connectors.kit.addresses import Gate, Network
from connectors.kit.answers import Answer, Classify, Json, failure
from connectors.kit.errors import ConnectorError, Rejected, Retryable
from connectors.kit.transport import GuardedAdapter
from connectors.kit.watchdog import Flight, allowance

USER_AGENT = "ringbridge/0.1.0"

Auth = tuple[str, str]
QueryValue = str | int | float | Sequence[str | int] | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and bytes of a body once it is decompressed."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0
    body: int = 2 * 1024 * 1024


class Http:
    """Makes requests, from any number of threads. No proxies, no cookies, no redirects, no second tries.

    Private addresses and plain http are refused outside `allowed_private_networks`. Every request ends within
    `limits`, or what is left of the surrounding `attempt_budget`. What goes wrong is a ConnectorError that
    names the host and nothing else of the address. `adapter` replaces the network, for tests.
    """

    def __init__(
        self,
        allowed_private_networks: Sequence[Network] = (),
        *,
        adapter: BaseAdapter | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._adapter = adapter or GuardedAdapter(Gate(allowed_private_networks))
        self._limits = limits or Limits()
        self._timeout = Timeout(connect=self._limits.connect, read=self._limits.read)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._adapter.close()

    def at(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        classify: Classify | None = None,
    ) -> Api:
        """The JSON API below this address, with these credentials and headers on every request."""
        fixed = {"Accept": "application/json", **(headers or {})}
        if auth is not None:
            fixed["Authorization"] = _basic(auth)
        return Api(self, base_url, fixed, classify)

    def send(
        self,
        method: str,
        url: str,
        *,
        json: Json = None,
        content: bytes | None = None,
        params: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        timeout_read: float | None = None,
        largest: int | None = None,
        classify: Classify | None = None,
    ) -> Answer:
        """Send one request and return its 2xx answer; anything else is raised as what it means.

        `largest` is the number of bytes that this answer may have, where that is not what all may have.
        """
        request = _prepared(method, url, json=json, content=content, params=params, headers=headers, auth=auth)
        result = self._exchange(request, timeout_read, largest or self._limits.body)
        if isinstance(result, Answer):
            error = failure(result, classify)
            if error is None:
                return result
            raise error
        raise result  # outside any except block, so that the one that holds the URL is not its context

    def _exchange(self, request: PreparedRequest, timeout_read: float | None, limit: int) -> Answer | ConnectorError:
        host = urlsplit(str(request.url)).hostname or ""
        seconds = allowance(self._limits.total)
        if seconds <= 0:
            return Retryable(f"No time was left in this attempt to ask {host}.")
        timeout = self._timeout
        if timeout_read is not None:
            timeout = Timeout(connect=self._limits.connect, read=timeout_read)
        with Flight(seconds) as flight:
            try:
                response = self._adapter.send(request, stream=True, timeout=timeout)  # type: ignore[arg-type]
            except ConnectorError as error:  # from before anything was sent
                return error
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                return _transport_failure(host, error, flight, seconds, timeout)
            return _read(host, response, flight, seconds, limit)


class Api:
    """One JSON API. Each method returns the parsed answer, None for an empty one, or raises ConnectorError.

    `path` goes behind the base address as it is: quote what comes from outside.
    """

    def __init__(self, http: Http, base_url: str, headers: Mapping[str, str], classify: Classify | None) -> None:
        self._http = http
        self._base_url = base_url
        self._headers = headers
        self._classify = classify

    def get(
        self, path: str, /, body: Json = None, headers: Mapping[str, str] | None = None, **query: QueryValue
    ) -> Json:
        return self._ask("GET", path, body, headers, query)

    def post(
        self, path: str, /, body: Json = None, headers: Mapping[str, str] | None = None, **query: QueryValue
    ) -> Json:
        return self._ask("POST", path, body, headers, query)

    def put(
        self, path: str, /, body: Json = None, headers: Mapping[str, str] | None = None, **query: QueryValue
    ) -> Json:
        return self._ask("PUT", path, body, headers, query)

    def patch(
        self, path: str, /, body: Json = None, headers: Mapping[str, str] | None = None, **query: QueryValue
    ) -> Json:
        return self._ask("PATCH", path, body, headers, query)

    def delete(
        self, path: str, /, body: Json = None, headers: Mapping[str, str] | None = None, **query: QueryValue
    ) -> Json:
        return self._ask("DELETE", path, body, headers, query)

    def _ask(
        self,
        method: str,
        path: str,
        body: Json,
        headers: Mapping[str, str] | None,
        query: Mapping[str, QueryValue],
    ) -> Json:
        answer = self._http.send(
            method,
            f"{self._base_url.rstrip('/')}/{path.lstrip('/')}" if path else self._base_url,
            json=body,
            params=query,
            headers={**self._headers, **headers} if headers else self._headers,
            classify=self._classify,
        )
        return answer.json() if answer.body or answer.fault else None


def _read(host: str, response: requests.Response, flight: Flight, seconds: float, limit: int) -> Answer:
    raw = response.raw
    body, fault = b"", None
    try:
        body = raw.read(limit + 1, decode_content=True)
    except (HTTPError, OSError, ValueError):
        fault = f"The answer of {host} broke off or cannot be decoded."
    if flight.overdue:
        fault = f"{host} did not finish its answer within {seconds:.3g} s."
    elif len(body) > limit:
        fault = f"The answer of {host} is larger than {limit} bytes."
    if fault is None:
        raw.release_conn()
    else:
        body = b""
        raw.close()  # what is left of the answer must not meet the next request
    return Answer(response.status_code, response.headers, body, host, fault)


def _prepared(
    method: str,
    url: str,
    *,
    json: Json,
    content: bytes | None,
    params: Mapping[str, QueryValue] | None,
    headers: Mapping[str, str] | None,
    auth: Auth | None,
) -> PreparedRequest:
    # Step by step, not Session.request: cookies, netrc, proxies and hooks are unwanted, and cost time.
    fields = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}
    if json is not None:
        content = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        fields["Content-Type"] = "application/json"
    if auth is not None:
        fields["Authorization"] = _basic(auth)
    request = PreparedRequest()
    try:
        request.prepare_method(method)
        request.prepare_url(url, params)
        request.prepare_headers({**fields, **(headers or {})})
        request.prepare_body(content, None)
        address = urlsplit(str(request.url))
        understood = address.scheme in ("http", "https") and "@" not in address.netloc
    except (requests.RequestException, ValueError):
        understood = False
    if not understood:
        raise Rejected("The address or a header cannot be sent; an address is https://, a host and a path, no more.")
    return request


def _basic(auth: Auth) -> str:
    # UTF-8, which requests' own does not do: people's e-mail addresses are not always Latin.
    return "Basic " + b64encode(":".join(auth).encode()).decode()


def _transport_failure(host: str, error: Exception, flight: Flight, seconds: float, timeout: Timeout) -> ConnectorError:
    if flight.overdue:
        return Retryable(f"{host} did not answer within {seconds:.3g} s.", sent=True)
    if isinstance(error, requests.ConnectTimeout):
        return Retryable(f"{host} did not accept a connection within {timeout.connect_timeout} s.")
    if isinstance(error, requests.Timeout):
        return Retryable(f"{host} did not answer within {timeout.read_timeout:.3g} s.", sent=True)
    if isinstance(error, ValueError) and not isinstance(error, (requests.RequestException, UnicodeDecodeError)):
        return Rejected(f"The request to {host} cannot be sent: a header holds a character that is not allowed.")
    return Retryable(f"{host} broke off the connection before it answered.", sent=True)
