"""The commands that create, join and leave channels."""

from .context import Context
from .requests import Pending


def create(cx: Context, ticket: int, channel: str, is_private: bool) -> None:
    params = {"channel": channel, "private": True} if is_private else {"channel": channel}
    cx.request_for(ticket, Pending("join", channel), "channel.create", params)


def join(cx: Context, ticket: int, channel: str) -> None:
    cx.request_for(ticket, Pending("join", channel), "channel.join", {"channel": channel})


def leave(cx: Context, ticket: int, channel: str) -> None:
    cx.request_for(ticket, Pending("leave", channel), "channel.leave", {"channel": channel})
