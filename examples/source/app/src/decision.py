"""What to do with one access key: a function of values, without AWS and without a clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Finding(str, Enum):
    """What a key is."""

    FRESH = "fresh"
    OLD_IN_USE = "old but recently used"
    STALE = "stale"
    STALE_UNUSED = "stale and unused"


class Action(str, Enum):
    """What is done about it, from mild to severe."""

    NONE = "none"
    NOTIFY = "notify"
    DEACTIVATE = "deactivate"
    DELETE = "delete"


SEVERITY = [Action.NONE, Action.NOTIFY, Action.DEACTIVATE, Action.DELETE]


@dataclass(frozen=True)
class Key:
    """An access key of a user; `last_used` is None for a key that was never used."""

    user: str
    key_id: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True)
class Rules:
    """From which age keys count as old, after which pause as unused, and how far to go."""

    max_age: timedelta
    unused: timedelta
    limit: Action


def classify(key: Key, rules: Rules, now: datetime) -> Finding:
    """Sorts a key by its age and by when it was last used."""
    if now - key.created < rules.max_age:
        return Finding.FRESH
    if key.last_used is None:
        return Finding.STALE_UNUSED
    if now - key.last_used < rules.unused:
        return Finding.OLD_IN_USE
    return Finding.STALE


def decide(key: Key, rules: Rules, now: datetime) -> tuple[Finding, Action]:
    """Returns what a key is and what to do, never going further than the rules' limit.

    A key in use is only ever reported: somebody has to replace it first. A stale key is deactivated and, when it
    stays unused for as long again, deleted; a key that was never used is deleted at once. A key that is inactive
    already and may not be deleted is left alone.
    """
    finding = classify(key, rules, now)
    if finding is Finding.FRESH:
        return finding, Action.NONE
    wanted = _wanted(finding, key, rules, now)
    allowed = min(wanted, rules.limit, key=SEVERITY.index)
    if not key.active and allowed is not Action.DELETE:
        allowed = Action.NONE
    return finding, allowed


def _wanted(finding: Finding, key: Key, rules: Rules, now: datetime) -> Action:
    if finding is Finding.OLD_IN_USE:
        return Action.NOTIFY
    if finding is Finding.STALE_UNUSED:
        return Action.DELETE
    long_unused = key.last_used is not None and now - key.last_used >= 2 * rules.unused
    return Action.DELETE if long_unused and not key.active else Action.DEACTIVATE
