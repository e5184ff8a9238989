"""The commands about accounts: register, log in, and set a forgotten password."""

from . import types
from .context import Context
from .decode import Json
from .errors import PapoError, error_of, read, take
from .requests import Origin, Pending


def without_login(cx: Context, ticket: int, kind: str, method: str, params: Json) -> None:
    """Sends a request that needs no login: `auth.register`, `auth.reset` or `auth.login`."""
    cx.request_without_token(Origin("command", ticket, Pending(kind)), method, params)


def registered(outcome: Json, attempt: int) -> Json:
    """The answer to a registration.

    A retry after a lost reply finds the join code used up, or the name taken.
    """
    if "error" in outcome and attempt > 0:
        data = outcome["error"]["data"]
        if data.get("detail") == "name_taken":
            args = data.get("args") or {}
            raise PapoError(error_of("name_taken_on_retry", {"user": args.get("user")}))
        if data.get("detail") == "invalid_join_code":
            raise PapoError(error_of("join_code_used_on_retry"))
    found = read(types.registered, take(outcome))
    is_administrator = found.get("administrator", False)
    return {"kind": "registered", "user": found["user"], "administrator": is_administrator}
