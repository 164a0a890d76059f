"""Users, tokens, the audit trail, and whose token this is."""

from __future__ import annotations

from sqlalchemy import Connection as Db

from bridge import audit, operators, passwords, tokens
from bridge.descriptions import ConfigError
from bridge.listing import Shown
from bridge.web.api import configured, problems
from bridge.web.api.inputs import AuditQuery, TokenNew, UserChange, UserNew
from bridge.web.api.problems import Problem, Wrong
from bridge.web.api.replies import Reply, page
from bridge.web.api.routes import Asked, Body, Nothing, Query, Route


def _whoami(asked: Asked[Nothing, Nothing]) -> Reply:
    return Reply({"token": asked.token.name, "role": asked.token.role})


def _audit(asked: Asked[AuditQuery, Nothing]) -> Reply:
    wanted = asked.query
    with asked.service.store.read() as db:
        return page(audit.listing(db, wanted.limit + 1, before=wanted.after), wanted.limit)


def _users(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        return Reply(operators.listing(db))


def _add_user(asked: Asked[Nothing, UserNew]) -> Reply:
    new = asked.body
    try:
        name = operators.check_name(new.name)
    except ConfigError as error:
        raise problems.invalid([Wrong("name", str(error))]) from None
    sealed = _sealed(new.password, name)

    def added(db: Db) -> None:
        if operators.by_name(db, name):
            raise Problem(409, f"There is a user {name} already.", "Take another name.")
        operators.add(db, asked.now, asked.who, name, new.role, sealed, new.language)

    asked.service.store.write(added)
    return Reply(_user(asked, name), 201)


def _change_user(asked: Asked[Nothing, UserChange]) -> Reply:
    change, name = asked.body, asked.name
    with asked.service.store.read() as db:
        found = _existing(db, name)
    sealed = _sealed(change.password, found.name) if change.password is not None else None

    def changed(db: Db) -> None:
        _existing(db, name)
        if sealed is not None:
            operators.set_password(db, asked.now, asked.who, name, sealed)
        if change.role is not None:
            operators.set_role(db, asked.now, asked.who, name, change.role)

    try:
        asked.service.store.write(changed)
    except ConfigError as error:
        raise Problem(409, str(error)) from None
    return Reply(_user(asked, found.name))


def _remove_user(asked: Asked[Nothing, Nothing]) -> Reply:
    def removed(db: Db) -> None:
        _existing(db, asked.name)
        operators.remove(db, asked.now, asked.who, asked.name)

    try:
        asked.service.store.write(removed)
    except ConfigError as error:
        raise Problem(409, str(error)) from None
    return Reply(None, 204)


def _tokens(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        return Reply(tokens.listing(db))


def _add_token(asked: Asked[Nothing, TokenNew]) -> Reply:
    new, name = asked.body, asked.body.name.strip()

    def added(db: Db) -> str:
        if any(one["name"] == name for one in tokens.listing(db)):
            raise Problem(409, f"There is a token {name} already.", "Take another name, or remove that one.")
        return tokens.add(db, asked.now, asked.who, name, new.role)

    try:
        made = asked.service.store.write(added)
    except ConfigError as error:
        raise problems.invalid([Wrong("name", str(error))]) from None
    return Reply({"name": name, "role": new.role, "token": made}, 201)


def _remove_token(asked: Asked[Nothing, Nothing]) -> Reply:
    def removed(db: Db) -> None:
        if all(one["name"] != asked.name.strip() for one in tokens.listing(db)):
            raise problems.missing("token", asked.name, "/api/v1/tokens")
        tokens.remove(db, asked.now, asked.who, asked.name)

    asked.service.store.write(removed)
    return Reply(None, 204)


def _sealed(password: str, name: str) -> str:
    """What is kept of a password, made before any transaction begins. Raises Problem."""
    if fault := passwords.fault(password, name):
        raise problems.invalid([Wrong("password", fault)])
    try:
        return passwords.seal(password)
    except passwords.Busy:
        raise Problem(429, "Too many passwords are being looked at.", "Send it again in a moment.") from None


def _existing(db: Db, name: str) -> operators.User:
    if found := operators.by_name(db, name):
        return found
    raise problems.missing("user", name, "/api/v1/users")


def _user(asked: Asked[Query, Body], name: str) -> Shown:
    with asked.service.store.read() as db:
        found = [one for one in operators.listing(db) if one["name"] == name]
    if not found:
        raise problems.missing("user", name, "/api/v1/users")
    return found[0]


ROUTES = (
    Route("GET", "/whoami", "The token that came with this request", "operator", _whoami, configured.Whoami),
    Route("GET", "/users", "Who may sign in, by name", "administrator", _users, configured.User, many=True),
    Route("POST", "/users", "Let somebody sign in", "administrator", _add_user, configured.User, 201, body=UserNew,
          refuses=(409, 429)),
    Route("PATCH", "/users/{name}", "Give somebody another password or role", "administrator", _change_user,
          configured.User, body=UserChange, refuses=(409, 429)),
    Route("DELETE", "/users/{name}", "Let somebody sign in no more; what they did stays on record", "administrator",
          _remove_user, None, 204, refuses=(409,)),
    Route("GET", "/tokens", "Tokens of this API by name, and when each was last used", "administrator", _tokens,
          configured.TokenRow, many=True),
    Route("POST", "/tokens", "Make a token, which is shown this once", "administrator", _add_token,
          configured.NewToken, 201, body=TokenNew, refuses=(409,)),
    Route("DELETE", "/tokens/{name}", "Refuse a token from now on", "administrator", _remove_token, None, 204),
    Route("GET", "/audit", "Who changed what, the newest first", "administrator", _audit, configured.AuditRow,
          many=True, query=AuditQuery),
)  # fmt: skip
