"""Does something in an account as its administrator: ACCOUNT WHAT [NAME].

user        makes ana, who may publish to SNS and do everything with tables
group       makes a group that may receive from SQS, and puts ana into it
role NAME   makes a role
bar-access  lets nobody assume the administrator's role any more
"""

import json
import sys

import boto3

ADMINISTRATOR = "OrganizationAccountAccessRole"
account, what, *names = sys.argv[1:]
role = f"arn:aws:iam::{account}:role/{ADMINISTRATOR}"
keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
iam = boto3.client(
    "iam",
    aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"],
    aws_session_token=keys["SessionToken"],
)


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def allow(action):
    return document(Action=action, Resource="*")


TRUST = document(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")

if what == "user":
    iam.create_user(UserName="ana", Path="/people/")
    iam.put_user_policy(UserName="ana", PolicyName="publish", PolicyDocument=allow("sns:Publish"))
    policy = iam.create_policy(PolicyName="tables", PolicyDocument=allow("dynamodb:*"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ana", PolicyArn=policy)
elif what == "group":
    iam.create_group(GroupName="receivers")
    iam.put_group_policy(GroupName="receivers", PolicyName="receive", PolicyDocument=allow("sqs:ReceiveMessage"))
    iam.add_user_to_group(GroupName="receivers", UserName="ana")
elif what == "role":
    iam.create_role(RoleName=names[0], AssumeRolePolicyDocument=TRUST)
elif what == "bar-access":
    iam.update_assume_role_policy(RoleName=ADMINISTRATOR, PolicyDocument=TRUST)
else:
    sys.exit(__doc__)
