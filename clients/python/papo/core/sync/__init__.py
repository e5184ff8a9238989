"""Follows conversations: subscriptions, timelines, and the repair of gaps."""
