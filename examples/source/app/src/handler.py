"""The Lambda function: reads all access keys of the account, decides, acts, reports.

Decisions are made in `decision`; here they are only carried out.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import boto3
from botocore.exceptions import ClientError

from decision import SEVERITY, Action, Finding, Key, Rules, decide

# A message of SNS holds 256 KB; a finding takes some 200 bytes.
FINDINGS_PER_MESSAGE = 500


@dataclass(frozen=True)
class Settings:
    """What the template passes in environment variables."""

    environment: str
    topic_arn: str
    rules: Rules


def settings_from(variables) -> Settings:
    """Reads the settings; a missing or wrong one is an error here and not in the middle of the work."""
    limit = Action(variables["KEY_ACTION"])
    if limit is Action.NONE:
        raise ValueError("KEY_ACTION must be notify, deactivate or delete")
    return Settings(
        environment=variables["ENVIRONMENT"],
        topic_arn=variables["FINDINGS_TOPIC_ARN"],
        rules=Rules(
            max_age=timedelta(days=int(variables["MAX_AGE_DAYS"])),
            unused=timedelta(days=int(variables["UNUSED_DAYS"])),
            limit=limit,
        ),
    )


def handler(_event, context):
    """Entry point of AWS Lambda."""
    settings = settings_from(os.environ)
    account = context.invoked_function_arn.split(":")[4]
    # A topic of another account is reached in the region that its ARN names.
    sns = boto3.client("sns", region_name=settings.topic_arn.split(":")[3])
    return run(settings, account, datetime.now(timezone.utc), boto3.client("iam"), sns)


def run(settings: Settings, account: str, now: datetime, iam, sns) -> dict:
    """Looks at every key once and returns the report that was published."""
    findings, totals = [], Counter()
    for key in access_keys(iam):
        finding, action = decide(key, settings.rules, now)
        totals[finding] += 1
        if action is Action.NONE:
            continue
        findings.append(
            {
                "user": key.user,
                "key": key.key_id,
                "finding": finding.value,
                "action": action.value,
                "age_days": (now - key.created).days,
                "unused_days": None if key.last_used is None else (now - key.last_used).days,
                "error": carry_out(iam, key, action),
            }
        )
    report = {
        "account": account,
        "environment": settings.environment,
        "keys": sum(totals.values()),
        "totals": {finding.value: totals[finding] for finding in Finding},
        "actions": count_actions(findings),
        "findings": findings,
    }
    print(json.dumps(report))
    if findings:
        publish(sns, settings, report)
    return report


def access_keys(iam) -> Iterator[Key]:
    """Yields the keys of all users, page by page."""
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            yield from keys_of(iam, user["UserName"])


def keys_of(iam, user: str) -> Iterator[Key]:
    """Yields the keys of one user; none if the user was removed meanwhile."""
    try:
        for page in iam.get_paginator("list_access_keys").paginate(UserName=user):
            for key in page["AccessKeyMetadata"]:
                used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
                yield Key(
                    user=user,
                    key_id=key["AccessKeyId"],
                    active=key["Status"] == "Active",
                    created=key["CreateDate"],
                    # IAM leaves the date out for a key that was never used.
                    last_used=used.get("AccessKeyLastUsed", {}).get("LastUsedDate"),
                )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchEntity", "NoSuchEntityException"):
            raise


def carry_out(iam, key: Key, action: Action) -> str | None:
    """Does what was decided. A refusal is reported and does not stop the others."""
    try:
        if action is Action.DEACTIVATE:
            iam.update_access_key(UserName=key.user, AccessKeyId=key.key_id, Status="Inactive")
        elif action is Action.DELETE:
            iam.delete_access_key(UserName=key.user, AccessKeyId=key.key_id)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return None


def count_actions(findings: list[dict]) -> dict:
    """Counts what was done and what was refused."""
    done = Counter(found["action"] for found in findings if found["error"] is None)
    refused = sum(found["error"] is not None for found in findings)
    return {action.value: done[action.value] for action in SEVERITY[1:]} | {"failed": refused}


def publish(sns, settings: Settings, report: dict) -> None:
    """Sends the report, cut to what a message holds; the log has all of it."""
    findings = report["findings"]
    message = report | {"findings": findings[:FINDINGS_PER_MESSAGE]}
    if len(findings) > FINDINGS_PER_MESSAGE:
        message["left_out"] = len(findings) - FINDINGS_PER_MESSAGE
    subject = f"{len(findings)} access keys to look at in {settings.environment} ({report['account']})"
    sns.publish(TopicArn=settings.topic_arn, Subject=subject[:100], Message=json.dumps(message, indent=1))
