"""What a form must carry, and what browsers are told to refuse."""

from __future__ import annotations

from browsers import Site
from credentials import GOOD, HTML, sign_in
from office import office


def test_a_form_without_its_token_is_refused_with_an_explanation(site, ada):
    for headers, said in ((HTML, "could not be trusted"), ({}, "Bad Request")):
        answer = site.client.post("/login", data={"name": "ada", "password": GOOD}, headers=headers)
        assert answer.status_code == 400
        assert said in answer.text


def test_a_form_that_another_site_sent_is_refused(site, ada):
    answer = sign_in(site.client, headers={**HTML, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert sign_in(site.client, headers={**HTML, "Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_every_page_tells_browsers_what_to_refuse(site):
    for path in ("/login", "/start", "/", "/nowhere", "/static/page.js"):
        answer = site.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_cookies_are_for_https_alone_where_the_bridge_is_reached_so(store, clock):
    site = Site(office(store, clock, public_url="https://calls.example.com"))
    site.as_operator()
    cookie = site.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
