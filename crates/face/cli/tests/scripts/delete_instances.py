"""Deletes the instances of a stack set in some accounts: SET ACCOUNT..."""

import sys
import time

import boto3

name, *accounts = sys.argv[1:]
cloudformation = boto3.client("cloudformation")
operation = cloudformation.delete_stack_instances(
    StackSetName=name,
    Accounts=accounts,
    Regions=["eu-west-1"],
    RetainStacks=False,
    OperationPreferences={"MaxConcurrentCount": 2},
)["OperationId"]
while True:
    found = cloudformation.describe_stack_set_operation(StackSetName=name, OperationId=operation)
    status = found["StackSetOperation"]["Status"]
    if status != "RUNNING":
        break
    time.sleep(0.02)
assert status == "SUCCEEDED", found
