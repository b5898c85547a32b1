"""The function against stubbed AWS clients: pages, actions, refusals, the report. No network."""

import json
import sys
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
from botocore.stub import ANY, Stubber

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import handler  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:stale-access-key-findings"


def client(service):
    return boto3.client(service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def settings(action="notify"):
    return handler.settings_from(
        {
            "ENVIRONMENT": "dev",
            "MAX_AGE_DAYS": "90",
            "UNUSED_DAYS": "30",
            "KEY_ACTION": action,
            "FINDINGS_TOPIC_ARN": TOPIC,
        }
    )


def user(name):
    return {
        "UserName": name,
        "Path": "/",
        "UserId": f"AIDA{name.upper():A<16}",
        "Arn": f"arn:aws:iam::111122223333:user/{name}",
        "CreateDate": NOW - timedelta(days=1000),
    }


def key_id(name):
    return f"AKIA{name.upper():A<16}"


def metadata(name, age_days, status="Active"):
    created = NOW - timedelta(days=age_days)
    return {"UserName": name, "AccessKeyId": key_id(name), "Status": status, "CreateDate": created}


def last_used(days_ago):
    used = {"ServiceName": "N/A", "Region": "N/A"}
    if days_ago is not None:
        used = {"ServiceName": "s3", "Region": "eu-west-1", "LastUsedDate": NOW - timedelta(days=days_ago)}
    return {"AccessKeyLastUsed": used}


class Handler(unittest.TestCase):
    def setUp(self):
        self.iam, self.sns = client("iam"), client("sns")
        self.iam_stub, self.sns_stub = Stubber(self.iam), Stubber(self.sns)
        for stub in (self.iam_stub, self.sns_stub):
            stub.activate()

    def expect_user_with_key(self, name, age_days, used_days_ago, status="Active"):
        keys = {"AccessKeyMetadata": [metadata(name, age_days, status)], "IsTruncated": False}
        self.iam_stub.add_response("list_access_keys", keys, {"UserName": name})
        self.iam_stub.add_response("get_access_key_last_used", last_used(used_days_ago), {"AccessKeyId": key_id(name)})

    def run_once(self, action="notify"):
        report = handler.run(settings(action), "111122223333", NOW, self.iam, self.sns)
        self.iam_stub.assert_no_pending_responses()
        self.sns_stub.assert_no_pending_responses()
        return report

    def test_all_pages_are_read_and_each_key_is_sorted(self):
        first = {"Users": [user("ana"), user("ben")], "IsTruncated": True, "Marker": "more"}
        self.iam_stub.add_response("list_users", first, {})
        self.expect_user_with_key("ana", 10, 1)
        self.expect_user_with_key("ben", 100, 1)
        self.iam_stub.add_response("list_users", {"Users": [user("caro")], "IsTruncated": False}, {"Marker": "more"})
        keys = [metadata("caro", 100)]
        more = {"AccessKeyMetadata": keys, "IsTruncated": True, "Marker": "k"}
        self.iam_stub.add_response("list_access_keys", more, {"UserName": "caro"})
        self.iam_stub.add_response("get_access_key_last_used", last_used(None), {"AccessKeyId": key_id("caro")})
        rest = {"AccessKeyMetadata": [metadata("caroo", 200)], "IsTruncated": False}
        self.iam_stub.add_response("list_access_keys", rest, {"UserName": "caro", "Marker": "k"})
        self.iam_stub.add_response("get_access_key_last_used", last_used(50), {"AccessKeyId": key_id("caroo")})
        self.sns_stub.add_response("publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": ANY, "Message": ANY})
        report = self.run_once()
        self.assertEqual(report["keys"], 4)
        expected = {"fresh": 1, "old but recently used": 1, "stale": 1, "stale and unused": 1}
        self.assertEqual(report["totals"], expected)
        self.assertEqual(report["actions"], {"notify": 3, "deactivate": 0, "delete": 0, "failed": 0})

    def test_nothing_is_published_when_all_keys_are_fresh(self):
        self.iam_stub.add_response("list_users", {"Users": [user("ana")], "IsTruncated": False}, {})
        self.expect_user_with_key("ana", 89, None)
        self.assertEqual(self.run_once("delete")["findings"], [])

    def test_keys_are_deactivated_and_deleted_as_allowed(self):
        users = [user("ana"), user("ben"), user("caro")]
        self.iam_stub.add_response("list_users", {"Users": users, "IsTruncated": False}, {})
        self.expect_user_with_key("ana", 100, 40)
        inactive = {"UserName": "ana", "AccessKeyId": key_id("ana"), "Status": "Inactive"}
        self.iam_stub.add_response("update_access_key", {}, inactive)
        self.expect_user_with_key("ben", 100, None)
        self.iam_stub.add_response("delete_access_key", {}, {"UserName": "ben", "AccessKeyId": key_id("ben")})
        self.expect_user_with_key("caro", 300, 0)
        self.sns_stub.add_response("publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": ANY, "Message": ANY})
        report = self.run_once("delete")
        self.assertEqual([found["action"] for found in report["findings"]], ["deactivate", "delete", "notify"])

    def test_a_refusal_is_reported_and_the_rest_goes_on(self):
        self.iam_stub.add_response("list_users", {"Users": [user("ana"), user("ben")], "IsTruncated": False}, {})
        self.expect_user_with_key("ana", 100, None)
        self.iam_stub.add_client_error("delete_access_key", "AccessDenied", "no")
        self.expect_user_with_key("ben", 100, None)
        self.iam_stub.add_response("delete_access_key", {}, {"UserName": "ben", "AccessKeyId": key_id("ben")})
        self.sns_stub.add_response("publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": ANY, "Message": ANY})
        report = self.run_once("delete")
        self.assertEqual(report["findings"][0]["error"], "AccessDenied: no")
        self.assertEqual(report["actions"], {"notify": 0, "deactivate": 0, "delete": 1, "failed": 1})

    def test_a_user_who_vanishes_meanwhile_is_passed_over(self):
        self.iam_stub.add_response("list_users", {"Users": [user("ana"), user("ben")], "IsTruncated": False}, {})
        self.iam_stub.add_client_error("list_access_keys", "NoSuchEntity", "gone", 404)
        self.expect_user_with_key("ben", 1, None)
        self.assertEqual(self.run_once()["keys"], 1)

    def test_a_long_report_is_cut_in_the_message_only(self):
        class Sink:
            def publish(self, **message):
                self.sent = message

        sink = Sink()
        report = {"account": "111122223333", "findings": [{"key": str(n)} for n in range(501)]}
        handler.publish(sink, settings(), report)
        sent = json.loads(sink.sent["Message"])
        self.assertEqual((len(sent["findings"]), sent["left_out"]), (500, 1))
        self.assertLessEqual(len(sink.sent["Subject"]), 100)

    def test_wrong_settings_are_refused(self):
        with self.assertRaises(ValueError):
            settings("none")
        with self.assertRaises(ValueError):
            settings("obliterate")


if __name__ == "__main__":
    unittest.main()
