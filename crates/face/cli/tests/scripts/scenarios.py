"""Plays scenarios of access control against a served twin with boto3: READY-FILE SCENARIOS.json [NAME...]

Names, or parts of them, choose scenarios; each is played for itself, and none needs another.

A scenario makes users, roles, buckets, topics and policies of the organization, and then makes calls. Each call either is
allowed, or is refused with the words that it says. Keys of a scenario:

scps, rcps  account (or `root`) -> statements, attached as one policy for the length of the scenario
allow-list  account -> statements that replace FullAWSAccess for the length of the scenario
roles       "account/name" -> trust (statements, or who may assume it), allow (statements), boundary, tags, path
users       "account/name" -> allow, boundary, tags
buckets     name -> account, policy, objects
topics      "account/name" -> policy
functions   "account/name" -> lets-in: arguments of add_permission; its role is "account/name-role" and may write logs
before      calls made as the account's administrator: account, call, with
calls       as, call, with, region, says (of a refusal); session: arguments of the last AssumeRole; shows: what the answer
            comes to contain, which is waited for; lacks: what it does not contain

`as` is an administrator ("account"), a user or role ("account/name"), or a list: each assumes the next. "root of ACCOUNT"
is the account's root user for the task that `session` names (S3UnlockBucketPolicy). In texts {account}
is the account's id, {organization} and {unit:...} are the ids of the organization and of paths of its units. Statements may
leave out Effect (Allow) and Resource (*).
"""

import io
import json
import sys
import time
import zipfile

import botocore.config
import botocore.exceptions
import botocore.session

ready_file, scenarios_file, *chosen = sys.argv[1:]
with open(ready_file) as file:
    ready = json.load(file)

session = botocore.session.Session()
config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
clients = {}
# The keys of the first account's administrator.
ROOT = (ready["access_key_id"], ready["secret_access_key"], None)


def client(keys, service, region="eu-west-1"):
    if (keys, service, region) not in clients:
        clients[keys, service, region] = session.create_client(
            service,
            region_name=region,
            endpoint_url=ready["endpoint_url"],
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=config,
        )
    return clients[keys, service, region]


def call(keys, operation, arguments, region="eu-west-1"):
    service, method = operation.split(".")
    return getattr(client(keys, service, region), method)(**arguments)


def until(seconds, ask):
    """Asks until the answer is yes, for so many real seconds."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, "the twin takes too long"
        time.sleep(0.02)


def organize():
    """Makes an organization of four accounts in two units, with both types of policies."""
    names = {"management": ready["account"]}
    organization = call(ROOT, "organizations.create_organization", {"FeatureSet": "ALL"})["Organization"]["Id"]
    root = call(ROOT, "organizations.list_roots", {})["Roots"][0]["Id"]
    wanted = ["alpha", "beta", "gamma"]
    requests = [
        call(ROOT, "organizations.create_account", {"AccountName": name, "Email": f"{name}@source.example"})
        for name in wanted
    ]
    for kind in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]:
        try:
            call(ROOT, "organizations.enable_policy_type", {"RootId": root, "PolicyType": kind})
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "PolicyTypeAlreadyEnabledException", error
    for name, request in zip(wanted, requests):
        ask = {"CreateAccountRequestId": request["CreateAccountStatus"]["Id"]}

        def made():
            status = call(ROOT, "organizations.describe_create_account_status", ask)["CreateAccountStatus"]
            names[name] = status.get("AccountId")
            return status["State"] == "SUCCEEDED"

        until(60, made)
    types = lambda: call(ROOT, "organizations.list_roots", {})["Roots"][0]["PolicyTypes"]
    until(60, lambda: [found["Status"] for found in types()] == ["ENABLED", "ENABLED"])
    parents = {}
    for path in ["Workloads", "Workloads/Guarded"]:
        parent, _, name = path.rpartition("/")
        made = call(ROOT, "organizations.create_organizational_unit", {"ParentId": parents.get(parent, root), "Name": name})
        parents[path] = made["OrganizationalUnit"]["Id"]
    for name, path in [("alpha", "Workloads"), ("beta", "Workloads"), ("gamma", "Workloads/Guarded")]:
        where = {"SourceParentId": root, "DestinationParentId": parents[path]}
        call(ROOT, "organizations.move_account", {"AccountId": names[name], **where})
    units = {f"unit:{path}": unit for path, unit in parents.items()}
    return {**names, **units, "organization": organization, "root": root}


names = organize()


def fill(value):
    """Puts ids in the place of names in braces."""
    if isinstance(value, dict):
        return {fill(key): fill(item) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item) for item in value]
    if isinstance(value, str):
        for name, found in names.items():
            value = value.replace("{" + name + "}", found)
    return value


def document(statements, resource=True):
    """Completes statements and makes a policy of them."""
    statements = fill(statements if isinstance(statements, list) else [statements])
    complete = []
    for statement in statements:
        statement = {"Effect": "Allow", **statement}
        if resource and not {"Resource", "NotResource"} & statement.keys():
            statement["Resource"] = "*"
        complete.append(statement)
    return json.dumps({"Version": "2012-10-17", "Statement": complete})


def trust(given):
    """Completes a trust policy; a text or an object names whoever is trusted."""
    if isinstance(given, str):
        given = {"AWS": given}
    if isinstance(given, dict) and not {"Principal", "NotPrincipal"} & given.keys():
        given = {"Principal": given, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    return document(given, resource=False)


assumed = {}


def administrator(account):
    if account == "management":
        return ROOT
    return assume(ROOT, f"arn:aws:iam::{names[account]}:role/OrganizationAccountAccessRole", {})


def assume(keys, role, arguments):
    ask = (keys, role, json.dumps(arguments, sort_keys=True))
    if ask not in assumed:
        arguments = {"RoleSessionName": "session", **arguments}
        found = call(keys, "sts.assume_role", {"RoleArn": role, **arguments})["Credentials"]
        assumed[ask] = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    return assumed[ask]


def tags(given):
    return [{"Key": key, "Value": value} for key, value in given.items()]


def assume_root(account, task):
    """Opens a session of a member's root user for a task, as the management account may."""
    arguments = {"TargetPrincipal": names[account], "TaskPolicyArn": {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}}
    found = call(ROOT, "sts.assume_root", arguments)["Credentials"]
    return (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def package():
    """A deployment package; nobody runs it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def b(event, context): pass")
    return packed.getvalue()


class Scenario:
    def __init__(self, given):
        self.given, self.keys, self.arns, self.undo = given, {}, {}, []

    def make(self):
        given = self.given
        for place, user in given.get("users", {}).items():
            account, name = place.split("/")
            iam = client(administrator(account), "iam")
            self.entity(iam, "user", name, account, user, {})
            found = iam.create_access_key(UserName=name)["AccessKey"]
            self.keys[place] = (found["AccessKeyId"], found["SecretAccessKey"], None)
        for place, role in given.get("roles", {}).items():
            account, name = place.split("/")
            iam = client(administrator(account), "iam")
            extra = {"AssumeRolePolicyDocument": trust(role["trust"]), "Path": role.get("path", "/")}
            self.arns[place] = self.entity(iam, "role", name, account, role, extra)
        for name, bucket in given.get("buckets", {}).items():
            s3 = client(administrator(bucket["account"]), "s3")
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            for key in bucket.get("objects", ["k"]):
                s3.put_object(Bucket=name, Key=key, Body=b"x")
            if "policy" in bucket:
                default = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
                policy = [{"Resource": default, **statement} for statement in bucket["policy"]]
                s3.put_bucket_policy(Bucket=name, Policy=document(policy))
        for place, topic in given.get("topics", {}).items():
            account, name = place.split("/")
            sns = client(administrator(account), "sns")
            arn = sns.create_topic(Name=name, Tags=tags(topic.get("tags", {})))["TopicArn"]
            if "policy" in topic:
                policy = document([{"Resource": arn, **statement} for statement in topic["policy"]])
                sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        for place, function in given.get("functions", {}).items():
            self.function(*place.split("/"), function)
        for step in given.get("before", []):
            call(administrator(step["account"]), step["call"], fill(step["with"]))
        for kind, member in [("SERVICE_CONTROL_POLICY", "scps"), ("RESOURCE_CONTROL_POLICY", "rcps")]:
            for target, statements in given.get(member, {}).items():
                self.attach(kind, names[target], statements)
        for target, statements in given.get("allow-list", {}).items():
            self.attach("SERVICE_CONTROL_POLICY", names[target], statements)
            full = {"PolicyId": "p-FullAWSAccess", "TargetId": names[target]}
            call(ROOT, "organizations.detach_policy", full)
            self.undo.insert(0, ("organizations.attach_policy", full))

    def function(self, account, name, given):
        """Makes a function that services call, with a role that writes its logs, and waits for it."""
        iam, functions = (client(administrator(account), service) for service in ("iam", "lambda"))
        role = {"allow": {"Action": "logs:*"}}
        extra = {"AssumeRolePolicyDocument": trust({"Service": "lambda.amazonaws.com"})}
        arn = self.entity(iam, "role", f"{name}-role", account, role, extra)
        code = {"Runtime": "python3.13", "Handler": "a.b", "Code": {"ZipFile": package()}}
        functions.create_function(FunctionName=name, Role=arn, **code)
        for number, permission in enumerate(given["lets-in"]):
            permission = {"StatementId": f"s{number}", "Action": "lambda:InvokeFunction", **fill(permission)}
            functions.add_permission(FunctionName=name, **permission)
        until(60, lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active")

    def entity(self, iam, kind, name, account, given, extra):
        """Makes a user or role with its policies, and returns its ARN."""
        title = kind.capitalize()
        if "boundary" in given:
            made = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=document(given["boundary"]))
            extra["PermissionsBoundary"] = made["Policy"]["Arn"]
        extra["Tags"] = tags(given.get("tags", {}))
        made = getattr(iam, f"create_{kind}")(**{f"{title}Name": name}, **extra)
        if "allow" in given:
            policy = {"PolicyName": "p", "PolicyDocument": document(given["allow"])}
            getattr(iam, f"put_{kind}_policy")(**{f"{title}Name": name}, **policy)
        return made[title]["Arn"]

    def attach(self, kind, target, statements):
        statements = statements if isinstance(statements, list) else [statements]
        effect = "Deny" if kind == "RESOURCE_CONTROL_POLICY" else None
        if effect:
            statements = [{"Effect": effect, "Principal": "*", **statement} for statement in statements]
        policy = {"Name": f"{target}-{kind}-{len(self.undo)}", "Type": kind, "Description": "", "Content": document(statements)}
        made = call(ROOT, "organizations.create_policy", policy)["Policy"]["PolicySummary"]["Id"]
        attachment = {"PolicyId": made, "TargetId": target}
        call(ROOT, "organizations.attach_policy", attachment)
        self.undo += [("organizations.detach_policy", attachment), ("organizations.delete_policy", {"PolicyId": made})]

    def sign_in(self, chain, session):
        chain = chain if isinstance(chain, list) else [chain]
        keys = None
        for index, place in enumerate(chain):
            last = index + 1 == len(chain)
            if place.startswith("root of "):
                keys = assume_root(place.removeprefix("root of "), session)
            elif "/" not in place:
                keys = administrator(place)
            elif place in self.keys:
                keys = self.keys[place]
            else:
                account, name = place.split("/")
                role = self.arns.get(place, f"arn:aws:iam::{names[account]}:role/{name}")
                given = fill(session[index] if isinstance(session, list) else session if last else {})
                if "Policy" in given:
                    given = {**given, "Policy": document(given["Policy"])}
                keys = assume(keys or administrator(account), role, given)
        return keys

    def play(self):
        wrong = []
        for step in self.given["calls"]:
            try:
                keys = self.sign_in(step["as"], step.get("session", {}))
                with_ = fill(step.get("with", {}))
                answer = None
                if step["call"] != "assumed":
                    answer = self.watch(keys, step, with_)
            except botocore.exceptions.ClientError as error:
                answer = str(error)
            says = fill(step.get("says"))
            if (answer is None) != (says is None) or says and says not in answer:
                wrong.append(f"{step['as']} {step['call']}: {answer or 'allowed'}\n    wanted: {says or 'allowed'}")
        return wrong

    def watch(self, keys, step, with_):
        """Makes a call, until its answer shows what it should; returns what is wrong with it."""
        shows, lacks = fill(step.get("shows")), fill(step.get("lacks"))
        deadline = time.monotonic() + 30
        while True:
            answer = json.dumps(call(keys, step["call"], with_, step.get("region", "eu-west-1")), default=str)
            if lacks and lacks in answer:
                return f"shows {lacks}: {answer}"
            if not shows or shows in answer:
                return None
            if time.monotonic() > deadline:
                return f"does not show {shows}: {answer}"
            time.sleep(0.05)


with open(scenarios_file) as file:
    scenarios = json.load(file)
scenarios = [given for given in scenarios if not chosen or any(part in given["name"] for part in chosen)]
assert scenarios, f"no scenario is called {chosen}"
failed = []
for given in scenarios:
    # What AWS tells nobody of is refused when what it would have done is not there, or when a later answer tells.
    refused = [bool({"says", "lacks"} & step.keys() or "deny" in step.get("shows", "")) for step in given["calls"]]
    assert any(refused) and not all(refused), f"{given['name']}: a call has to be allowed and one refused"
    # Sessions last an hour, which is not long where time runs faster.
    assumed.clear()
    scenario = Scenario(given)
    try:
        scenario.make()
        wrong = scenario.play()
    except botocore.exceptions.ClientError as error:
        wrong = [f"could not be made: {error}"]
    for operation, arguments in scenario.undo:
        call(ROOT, operation, arguments)
    failed += [f"{given['name']}\n  {line}" for line in wrong]
print("\n".join(failed))
print(f"{len(scenarios)} scenarios, {len(failed)} calls answered wrongly")
sys.exit(1 if failed else 0)
