"""Compares a report of `stackfleet status --json` with what AWS's own client sees, cell by cell: STATUS.json"""

import json
import sys

import boto3

with open(sys.argv[1]) as file:
    cells = json.load(file)["cells"]

organizations = boto3.client("organizations")
pages = organizations.get_paginator("list_accounts").paginate()
accounts = {account["Id"]: account["Name"] for page in pages for account in page["Accounts"]}
cloudformation = boto3.client("cloudformation")
sts = boto3.client("sts")

seen = set()
stacks = {}
for summary in cloudformation.list_stack_sets(Status="ACTIVE")["Summaries"]:
    name = summary["StackSetName"]
    assert name.startswith("key-rotation-"), name
    for page in cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name):
        for instance in page["Summaries"]:
            account, region = instance["Account"], instance["Region"]
            stack = name.removeprefix("key-rotation-")
            seen.add((stack, account, accounts[account], region, instance["Status"].lower()))
            stacks.setdefault(account, set()).add(instance["StackId"])
    for operation in cloudformation.list_stack_set_operations(StackSetName=name)["Summaries"]:
        assert operation["Status"] == "SUCCEEDED", operation
reported = {
    (cell["stack"], cell["account"]["id"], cell["account"]["name"], cell["region"], cell["state"]) for cell in cells
}
assert seen == reported, seen ^ reported

for account, wanted in stacks.items():
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="look")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    found = session.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackId"] for stack in found} == wanted, found
    assert {stack["StackStatus"] for stack in found} == {"CREATE_COMPLETE"}, found
    functions = session.client("lambda").list_functions()["Functions"]
    assert [function["Runtime"] for function in functions] == ["python3.13"], functions
    assert session.client("sts").get_caller_identity()["Account"] == account

print(f"{len(seen)} cells in {len(stacks)} accounts agree")
