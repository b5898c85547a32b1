"""Calls every listed operation with every member filled, and once for each modelled error.

Usage: roundtrip.py ENDPOINT OPERATIONS.json ERRORS.json

Prints a JSON line for each call: what was sent and what boto3 made of the answer. Inputs are built from boto3's own
models so that they satisfy them; the caller compares both sides.
"""

import base64
import datetime
import json
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

try:
    import re._parser as sre_parse
except ImportError:
    import sre_parse


class Sample:
    """Text that matches a pattern: the first alternative, and `repeat` rounds of whatever may be repeated."""

    def __init__(self, repeat):
        self.repeat = repeat

    def of(self, parsed):
        return "".join(self.item(kind, argument) for kind, argument in parsed)

    def item(self, kind, argument):
        kind = str(kind)
        if kind == "LITERAL":
            return chr(argument)
        if kind == "NOT_LITERAL":
            return "b" if chr(argument) == "a" else "a"
        if kind == "ANY":
            return "a"
        if kind == "IN":
            return self.one_of(argument)
        if kind == "BRANCH":
            return self.of(argument[1][0])
        if kind == "SUBPATTERN":
            return self.of(argument[-1])
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = argument
            return "".join(self.of(inner) for _ in range(max(low, min(high, self.repeat))))
        return ""  # anchors and look-around

    def one_of(self, choices):
        if str(choices[0][0]) == "NEGATE":
            excluded = [argument for kind, argument in choices[1:] if str(kind) == "LITERAL"]
            return next(letter for letter in "ab1-" if ord(letter) not in excluded)
        best = None
        for kind, argument in choices:
            kind = str(kind)
            if kind == "LITERAL":
                letter = chr(argument)
            elif kind == "RANGE":
                letter = "a" if argument[0] <= ord("a") <= argument[1] else chr(argument[0])
            else:
                letter = "1" if "DIGIT" in str(argument) else "a"
            if best is None or (letter.isalnum() and not best.isalnum()):
                best = letter
        return best


def to_python(pattern):
    for name, ranges in (("L", "a-zA-Z"), ("Z", " "), ("N", "0-9"), ("P", "!-/"), ("M", "")):
        pattern = pattern.replace("\\p{%s}" % name, ranges)
    return re.sub(r"\\u10FFFF|\\u10000|\\uD[89AB]..|\\uD[C-F]..", "z", pattern)


def text(shape, name):
    if getattr(shape, "enum", None):
        return shape.enum[-1]
    low = shape.metadata.get("min", 0)
    high = shape.metadata.get("max", 1 << 30)
    pattern = shape.metadata.get("pattern")
    if not pattern:
        value = name + " <&>+%/ \"\u00fc\""
        value = value if len(value) <= high else "abcdefghijklmnop"[: max(low, min(high, 12))]
        return value + "x" * max(0, low - len(value))
    pattern = to_python(pattern)
    parsed = sre_parse.parse(pattern)
    for repeat in list(range(1, 80)) + [2048]:
        value = Sample(repeat).of(parsed)
        if low <= len(value) <= high and re.fullmatch(pattern, value):
            return value
    raise ValueError("no sample for %s: %s" % (name, pattern))


class Filler:
    def __init__(self):
        self.count = 0

    def value(self, shape, name, depth=0):
        self.count += 1
        kind = shape.type_name
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if kind == "structure":
            members = shape.members.items()
            return {key: self.value(member, key, depth + 1) for key, member in members if depth < 8}
        if kind == "list":
            size = max(low or 0, min(high or 2, 2))
            return [self.value(shape.member, name, depth + 1) for _ in range(size)]
        if kind == "map":
            key = text(shape.key, "key")
            return {key: self.value(shape.value, name, depth + 1)}
        if kind == "string":
            return text(shape, name)
        if kind in ("integer", "long"):
            value = self.count if low is None else max(self.count, low)
            return value if high is None else min(value, high)
        if kind in ("double", "float"):
            return float(low) if low is not None else self.count + 0.5
        if kind == "boolean":
            return self.count % 2 == 0
        if kind == "timestamp":
            return datetime.datetime.fromtimestamp(1780000000 + self.count, datetime.timezone.utc)
        if kind == "blob":
            return b"blob \x00\xff %d" % self.count
        raise ValueError(kind)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value


def main(endpoint, operations, errors):
    session = boto3.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region_name="eu-west-1",
    )
    wanted = {"error": None}

    def ask_for_error(request, **_):
        if wanted["error"]:
            request.headers["User-Agent"] = "test error/" + wanted["error"]

    for service, names in operations.items():
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        client = session.client(service, endpoint_url=endpoint, config=config)
        client.meta.events.register("before-sign", ask_for_error)
        for name in names:
            model = client.meta.service_model.operation_model(name)
            sent = Filler().value(model.input_shape, name) if model.input_shape else {}
            wanted["error"] = None
            line = {"service": service, "operation": name, "sent": plain(sent)}
            try:
                answer = client._make_api_call(name, sent)
                answer.pop("ResponseMetadata")
                line["received"] = plain(answer)
            except ClientError as error:
                line["failed"] = str(error)
            print(json.dumps(line))
            for shape in errors.get(service, {}).get(name, []):
                wanted["error"] = shape
                line = {"service": service, "operation": name, "error": shape}
                try:
                    client._make_api_call(name, sent)
                    line["failed"] = "no error"
                except ClientError as error:
                    response = dict(error.response)
                    line["status"] = response.pop("ResponseMetadata")["HTTPStatusCode"]
                    head = response.pop("Error")
                    line["code"], line["message"] = head.get("Code"), head.get("Message")
                    line["class"] = type(error).__name__
                    line["fields"] = plain({**head, **response})
                print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]))
