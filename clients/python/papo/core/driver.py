"""Carries out the effects of a session. Effects on the storage come first.

A message is persisted before it is sent, and it is deleted before the front end reports its
acknowledgement.
"""

from typing import Protocol

from .decode import Json
from .session import Session


class Io(Protocol):
    """The operations that a session needs from its front end."""

    def now(self) -> int:
        """The time in milliseconds. It never decreases."""

    def load_outbox(self, user: str) -> list[Json]:
        """Reads this user's unacknowledged messages, in the order of sending."""

    def persist(self, messages: list[Json]) -> Json | None:
        """Writes messages to the storage. Returns the error if that fails."""

    def forget(self, ids: list[str]) -> None:
        """Deletes messages from the storage."""

    def carry_out(self, effect: Json) -> None:
        """Carries out any other effect."""


def step(session: Session, io: Io) -> None:
    """Carries out the effects of all inputs since the last call."""
    effects = session.take_effects()
    while effects:
        others = _carry_out_on_storage(session, io, effects)
        caused = session.take_effects()
        if not caused:
            for effect in others:
                io.carry_out(effect)
            return
        # The outcome of a write can cause new effects, which come first.
        effects = [*caused, *others]


def _carry_out_on_storage(session: Session, io: Io, effects: list[Json]) -> list[Json]:
    """Carries out the effects on the storage. Returns the other effects."""
    to_persist, to_forget, others = [], [], []
    for effect in effects:
        if effect["kind"] == "loadOutbox":
            session.outbox_loaded(io.now(), io.load_outbox(effect["user"]))
        elif effect["kind"] == "persist":
            to_persist.append(effect["message"])
        elif effect["kind"] == "forget":
            to_forget.append(effect["id"])
        else:
            others.append(effect)
    if to_persist:
        error = io.persist(to_persist)
        session.persisted(io.now(), [message["id"] for message in to_persist], error)
    if to_forget:
        io.forget(to_forget)
    return others
