"""Which cell a fault belongs into, and what to do about it."""

from warriorcoder.pipelines.doctor.findings import Cell, Check, red
from warriorcoder.pipelines.doctor.reaching import unknown_model_cell
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.endings import advice
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

CHAT_ONLY_ADVICE = (
    "Mining needs raw completion: use a server that has /v1/completions (vLLM, llama.cpp, SGLang), TGI, or a dedicated "
    "Inference Endpoint. A service that offers chat only cannot be mined."
)

NO_CHAT_ADVICE = (
    "A base model is asked everything by raw completion with template: base. For an instruct model, start its server "
    "with the model's chat template."
)


def cell_of(fault: Fault, check: Check, address: Address, served: tuple[str, ...] | None) -> tuple[Check, Cell]:
    """Where a fault met in `check` is shown, and its cell."""
    said = str(fault)
    match fault.kind:
        case FaultKind.KEY:
            return "key", red("refused", said, advice(address, fault.kind))
        case FaultKind.FORBIDDEN:
            return "key", red("forbidden", said, advice(address, fault.kind))
        case FaultKind.MODEL:
            return "model", unknown_model_cell(address, served, said)
        case FaultKind.ROUTE:
            return "reach", red("no route", said, advice(address, fault.kind))
        case FaultKind.DOWN:
            return "reach", red("down", said, advice(address, fault.kind))
        case FaultKind.REQUEST:
            what = "Is there something in `extra` that this server does not take, or is its context too short?"
            return check, red("refused", said, what)
        case FaultKind.THROTTLED:
            what = "It refuses even one call at a time: a quota may be spent. Wait, or have it raised."
            return check, red("429", said, what)
        case FaultKind.SERVER:
            return check, red("failed", said, "The server fails at this request; its own log says why.")
        case FaultKind.TIMEOUT:
            what = f"Is the model still loading, or its machine too busy? A run waits {address.timeout:g} s a call."
            return check, red("timeout", said, what)
        case FaultKind.GARBLED:
            what = "Is `kind` right? What answers there speaks another protocol."
            return check, red("garbled", said, what)
