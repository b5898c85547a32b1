"""An organization, an account in it, and a session of the role that comes with the account."""

import sys
import time

import boto3
from botocore.exceptions import ClientError

endpoint = sys.argv[1]


def client(name, **more):
    return boto3.client(name, endpoint_url=endpoint, **more)


caller = client("sts").get_caller_identity()
assert caller["Arn"].startswith("arn:aws:iam::" + caller["Account"]), caller

organizations = client("organizations", region_name="us-east-1")
try:
    organizations.describe_organization()
    raise AssertionError("there is an organization already")
except organizations.exceptions.AWSOrganizationsNotInUseException as error:
    assert error.response["Error"]["Message"]
organization = organizations.create_organization(FeatureSet="ALL")["Organization"]
assert organization["MasterAccountId"] == caller["Account"]

status = organizations.create_account(Email="a@twin.example", AccountName="A")["CreateAccountStatus"]
for _ in range(100):
    status = organizations.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    if status["State"] != "IN_PROGRESS":
        break
    time.sleep(0.2)
assert status["State"] == "SUCCEEDED", status

role = "arn:aws:iam::%s:role/OrganizationAccountAccessRole" % status["AccountId"]
session = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
inside = {
    "aws_access_key_id": session["AccessKeyId"],
    "aws_secret_access_key": session["SecretAccessKey"],
    "aws_session_token": session["SessionToken"],
}
assert client("sts", **inside).get_caller_identity()["Account"] == status["AccountId"]
assert client("iam", **inside).get_role(RoleName="OrganizationAccountAccessRole")["Role"]["AssumeRolePolicyDocument"]

try:
    client("sts", **{**inside, "aws_session_token": "another"}).get_caller_identity()
    raise AssertionError("a wrong token was accepted")
except ClientError as error:
    assert error.response["Error"]["Code"] == "InvalidClientTokenId", error.response

try:
    client("iam").get_role(RoleName="nobody")
    raise AssertionError("there is no such role")
except client("iam").exceptions.NoSuchEntityException as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
