"""Why a run ends at an endpoint, in words: what happened, and what to do."""

from collections.abc import Sequence

from warriorcoder.errors import ModelError, RunFailed
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.pipelines.endpoints.server import Server


def cannot_answer(address: Address, fault: Fault) -> ModelError:
    """An endpoint at which no request can succeed."""
    return ModelError(f"{address.expert}: {fault}. {advice(address, fault.kind)}")


def advice(address: Address, kind: FaultKind) -> str:
    """What to do about an endpoint that answers nobody."""
    match kind:
        case FaultKind.KEY | FaultKind.FORBIDDEN if address.api_key_env is None:
            return "The server wants a key, and none was sent: name its variable, api_key_env: HF_TOKEN for example."
        case FaultKind.KEY | FaultKind.FORBIDDEN:
            return f"The server does not accept the key in {address.api_key_env}."
        case FaultKind.MODEL:
            return f"The server does not serve {address.model}: give one of those that it lists under /models."
        case FaultKind.ROUTE:
            return (
                "There is nothing under this address. Is base_url right? For kind openai it ends in /v1, for kind tgi "
                "it does not. And does the server offer raw completion? Mining, base models and completion style "
                "need it: a service that offers chat only cannot be mined."
            )
    return "Is the server running, and is base_url right?"


def refuses_everything(address: Address, refusals: int, fault: Fault) -> ModelError:
    """An endpoint whose first requests were all refused."""
    return ModelError(
        f"{address.expert}: the first {refusals} requests were all refused; the last: {fault}. Is there something in "
        "`extra` or the sampling that this server does not take, or is its context too short?"
    )


def is_down(address: Address, servers: Sequence[Server], seconds: float, patience: float) -> RunFailed:
    """An expert none of whose servers has answered for longer than the recipe's patience."""
    places = ", ".join(server.name for server in servers)
    return RunFailed(
        f"{address.expert}: {places} brought nothing for {seconds:.0f} s (patience: {patience:g}); the last fault: "
        f"{servers[0].last_fault}. Everything answered so far is kept. When the server is back, the same command goes "
        "on from here."
    )


def has_no_usage(expert: str, what: str) -> ModelError:
    """An endpoint whose tokens nobody counts although `what` of the recipe needs them counted."""
    return ModelError(
        f"{expert}: it {what}, but its endpoint reports no usage, so nobody knows what was spent. Name the model's "
        f"tokenizer (the expert's `tokenizer`: a folder or a Hub id) and tokens are counted here, or leave the price "
        "and the budget out. What was answered is kept."
    )


def budget_is_spent(refusal: str) -> RunFailed:
    """A budget that does not reach to the next call."""
    return RunFailed(
        f"{refusal}. Everything answered so far is kept. Raise the budget, and the same command goes on from here."
    )
