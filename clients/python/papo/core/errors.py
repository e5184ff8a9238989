"""Errors: those of replies, and those that only clients create."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from .decode import Decoder, Json, Refused

T = TypeVar("T")

INTERNAL = (-32603, "internal")
UNAUTHENTICATED = (4010, "unauthenticated")
UNAVAILABLE = (5030, "unavailable")
RATE_LIMITED = (4290, "rate_limited")

# The code, the reason and the sentence of each error that the core creates, as in
# common/src/errors/table.rs.
DETAILS = {
    "bad_answer": (
        *INTERNAL,
        "the client cannot decode the server's answer ({error}): check that server and client "
        "have the same version",
    ),
    "answer_without_bytes": (
        *INTERNAL,
        "the server sent an answer without its bytes: check that server and client have the same "
        "version",
    ),
    "not_stored_locally": (*INTERNAL, "cannot save the unsent message on this machine: {error}"),
    "not_logged_in": (*UNAUTHENTICATED, "you are not logged in: log in first"),
    "logged_out": (*UNAUTHENTICATED, "you logged out before the answer arrived"),
    "other_session": (
        *UNAUTHENTICATED,
        "you opened another session before the answer arrived: send the request again",
    ),
    "unsent_at_end": (
        *UNAUTHENTICATED,
        "the session ended before this message was sent: send it again",
    ),
    "not_member": (4030, "not_member", "you are not a member of {channel}: join it first"),
    "join_code_used_on_retry": (
        4030,
        "invalid_join_code",
        "this join code is used up. If your registration succeeded and only its answer was lost, "
        "try to log in",
    ),
    "name_taken_on_retry": (
        4090,
        "name_taken",
        "the name {user} is taken. If your registration succeeded and only its answer was lost, "
        "it is your account: try to log in",
    ),
    "outbox_full": (
        *RATE_LIMITED,
        "too many messages are waiting to be sent: wait until the server has received some of "
        "them",
    ),
    "too_many_requests": (
        *RATE_LIMITED,
        "too many requests are pending: try again in a moment",
    ),
    "other_version": (
        *UNAVAILABLE,
        "the server (papo {version}) supports the protocol versions {from} to {to}, and this "
        "client supports {own_from} to {own_to}: update the older program",
    ),
    "follow_replaced": (*UNAVAILABLE, "this request was replaced by a later one"),
}


def error_of(detail: str, args: Json | None = None) -> Json:
    """Creates an error, in the form of the protocol."""
    code, reason, sentence = DETAILS[detail]
    message = re.sub(r"\{(\w+)\}", lambda name: str((args or {}).get(name[1])), sentence)
    data: Json = {"reason": reason, "detail": detail}
    if args is not None:
        data["args"] = args
    return {"code": code, "message": message, "data": data}


class PapoError(Exception):
    """A request failed. `error` is the error of the reply, in the form of the protocol."""

    def __init__(self, error: Json) -> None:
        super().__init__(error["message"])
        self.error = error

    @property
    def code(self) -> int:
        return int(self.error["code"])

    @property
    def reason(self) -> str:
        """The word for programs, such as `not_member`."""
        return str(self.error["data"]["reason"])

    @property
    def detail(self) -> str:
        """A more exact word than `reason`, or "" if the server sent none."""
        return str(self.error["data"].get("detail", ""))


def take(outcome: Json) -> Any:
    """The result of a request. Raises the error of a request that failed."""
    if "error" in outcome:
        raise PapoError(outcome["error"])
    return outcome["ok"]


def read(decoder: Decoder[T], result: Any) -> T:
    """Decodes the result of a request. Raises "bad_answer" for an invalid result."""
    try:
        return decoder(result)
    except Refused as refused:
        raise PapoError(error_of("bad_answer", {"error": str(refused)})) from None


def outcome_of(step: Callable[[], Any]) -> Json:
    """The outcome of a step that raises a `PapoError`."""
    try:
        return {"ok": step()}
    except PapoError as failure:
        return {"error": failure.error}


def is_temporary(error: Json) -> bool:
    """Whether the same request can succeed later."""
    return error["data"]["reason"] in ("rate_limited", "unavailable")


def ends_session(error: Json) -> bool:
    """Whether the token no longer opens a session."""
    return error["data"]["reason"] in ("unauthenticated", "session_disabled")
