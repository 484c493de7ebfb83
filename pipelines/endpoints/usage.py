"""Counting tokens where an endpoint does not."""

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply


def metered(address: Address, call: Call, reply: Reply) -> Reply:
    return reply
