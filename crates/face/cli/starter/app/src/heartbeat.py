"""Says that this account is alive."""

import os


def handler(event, context):
    print(f"alive: {os.environ['ENVIRONMENT']}")
