"""The table of decisions: what a key is, what is done, under each limit."""

import sys
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from decision import Action, Finding, Key, Rules, classify, decide  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)


def key(age_days, used_days_ago=None, active=True):
    used = None if used_days_ago is None else NOW - timedelta(days=used_days_ago)
    return Key("ana", "AKIA1", active, NOW - timedelta(days=age_days), used)


def rules(limit):
    return Rules(max_age=timedelta(days=90), unused=timedelta(days=30), limit=limit)


class Decisions(unittest.TestCase):
    def test_keys_are_sorted_by_age_and_use(self):
        cases = [
            (key(0), Finding.FRESH),
            (key(89), Finding.FRESH),
            (key(89, 80), Finding.FRESH),
            (key(90), Finding.STALE_UNUSED),
            (key(90, 29), Finding.OLD_IN_USE),
            (key(90, 30), Finding.STALE),
            (key(4000, 0), Finding.OLD_IN_USE),
        ]
        for given, expected in cases:
            self.assertEqual(classify(given, rules(Action.NOTIFY), NOW), expected, given)

    def test_actions_never_go_beyond_the_limit(self):
        cases = [
            #  key                      notify             deactivate          delete
            (key(10), Action.NONE, Action.NONE, Action.NONE),
            (key(100, 1), Action.NOTIFY, Action.NOTIFY, Action.NOTIFY),
            (key(100, 40), Action.NOTIFY, Action.DEACTIVATE, Action.DEACTIVATE),
            (key(100, 70), Action.NOTIFY, Action.DEACTIVATE, Action.DEACTIVATE),
            (key(100), Action.NOTIFY, Action.DEACTIVATE, Action.DELETE),
            (key(100, 1, active=False), Action.NONE, Action.NONE, Action.NONE),
            (key(100, 40, active=False), Action.NONE, Action.NONE, Action.NONE),
            (key(100, 70, active=False), Action.NONE, Action.NONE, Action.DELETE),
            (key(100, active=False), Action.NONE, Action.NONE, Action.DELETE),
        ]
        for given, *expected in cases:
            limits = [Action.NOTIFY, Action.DEACTIVATE, Action.DELETE]
            self.assertEqual([decide(given, rules(limit), NOW)[1] for limit in limits], expected, given)


if __name__ == "__main__":
    unittest.main()
