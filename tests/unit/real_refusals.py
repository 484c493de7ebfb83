"""What real servers say when they refuse, word for word: status, body, and what it means."""

import json
from typing import Any

from warriorcoder.pipelines.endpoints.faults import FaultKind


def _openai(message: str, kind: str = "invalid_request_error", code: Any = None) -> str:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the "
    "tokenizer does not define one."
)
_CONTEXT = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4488 in the "

REFUSALS: dict[str, tuple[int, str, FaultKind]] = {
    # A model that is not served.
    "vLLM, model": (404, _openai("The model `tiny` does not exist.", "NotFoundError", 404), FaultKind.MODEL),
    "vLLM 0.8, model": (
        404,
        '{"object":"error","message":"The model `tiny` does not exist.","type":"NotFoundError","param":null,'
        '"code":404}',
        FaultKind.MODEL,
    ),
    "OpenAI, model": (
        404,
        _openai("The model `tiny` does not exist or you do not have access to it.", code="model_not_found"),
        FaultKind.MODEL,
    ),
    "LiteLLM, model": (
        400,
        _openai(
            "/chat/completions: Invalid model name passed in model=tiny. Call `/v1/models` to view available models "
            "for your key.",
            "None",
            "400",
        ),
        FaultKind.MODEL,
    ),
    "LiteLLM, deployments": (
        400,
        _openai("litellm.BadRequestError: You passed in model=tiny. There are no healthy deployments for this model."),
        FaultKind.MODEL,
    ),
    "Ollama, model": (
        404,
        '{"error":{"message":"model \\"tiny\\" not found, try pulling it first","type":"api_error","code":null}}',
        FaultKind.MODEL,
    ),
    "the Hub's router, model": (
        400,
        _openai(
            "The requested model 'org/tiny' is not supported by any provider you have enabled.",
            code="model_not_supported",
        ),
        FaultKind.MODEL,
    ),
    "Groq, model": (
        400,
        _openai("The model `tiny` has been decommissioned and is no longer supported.", code="model_decommissioned"),
        FaultKind.MODEL,
    ),
    "Mistral, model": (
        400,
        '{"object":"error","message":"Invalid model: tiny","type":"invalid_model","param":null,"code":"1500"}',
        FaultKind.MODEL,
    ),
    "DeepSeek, model": (400, _openai("Model Not Exist"), FaultKind.MODEL),
    "Fireworks, model": (
        404,
        _openai("Model not found, inaccessible, and/or not deployed", "error", "NOT_FOUND"),
        FaultKind.MODEL,
    ),
    "OpenRouter, model": (400, '{"error":{"message":"org/tiny is not a valid model ID","code":400}}', FaultKind.MODEL),
    # A route that is not there, or a form that the model does not have.
    "vLLM, route": (404, '{"detail":"Not Found"}', FaultKind.ROUTE),
    "vLLM, method": (405, '{"detail":"Method Not Allowed"}', FaultKind.ROUTE),
    "llama.cpp, route": (
        404,
        '{"error":{"message":"File Not Found","type":"not_found_error","code":404}}',
        FaultKind.ROUTE,
    ),
    "TGI, route": (404, "", FaultKind.ROUTE),
    "Groq, route": (
        404,
        _openai("Unknown request URL: POST /openai/v1/completions. Please check the URL for typos", code="unknown_url"),
        FaultKind.ROUTE,
    ),
    "nginx, route": (404, "<html><head><title>404 Not Found</title></head></html>", FaultKind.ROUTE),
    "OpenAI, chat only": (
        404,
        _openai(
            "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/"
            "completions?"
        ),
        FaultKind.ROUTE,
    ),
    "vLLM 0.8, no completions": (
        400,
        '{"object":"error","message":"The model does not support Completions API","type":"BadRequestError",'
        '"param":null,"code":400}',
        FaultKind.ROUTE,
    ),
    "vLLM, no chat": (
        501,
        _openai("The model does not support Chat Completions API", "NotImplementedError", 501),
        FaultKind.ROUTE,
    ),
    "vLLM, no chat template": (400, _openai(_TEMPLATE, "BadRequestError", 400), FaultKind.ROUTE),
    "TGI, no chat template": (
        422,
        '{"error":"Template error: template not found: no template named \'default\'","error_type":"template_error"}',
        FaultKind.ROUTE,
    ),
    "Ollama, no chat": (400, _openai('"tiny" does not support chat'), FaultKind.ROUTE),
    "the Hub's router, no chat": (
        400,
        _openai("The requested model 'org/tiny' is not a chat model.", code="model_not_supported"),
        FaultKind.ROUTE,
    ),
    # A key.
    "vLLM, key": (401, '{"error":"Unauthorized"}', FaultKind.KEY),
    "llama.cpp, key": (
        401,
        '{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}',
        FaultKind.KEY,
    ),
    "TGI, key": (401, "", FaultKind.KEY),
    "OpenAI, key": (401, _openai("Incorrect API key provided: sk-…", code="invalid_api_key"), FaultKind.KEY),
    "Gemini, key": (
        400,
        '[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]',
        FaultKind.KEY,
    ),
    "LiteLLM, key's models": (
        403,
        _openai(
            "key not allowed to access model. This key can only access models=['a']", "key_model_access_denied", "403"
        ),
        FaultKind.FORBIDDEN,
    ),
    "the Hub, gated": (403, '{"error":"Access to model org/tiny is restricted"}', FaultKind.FORBIDDEN),
    "the Hub, credits": (
        402,
        '{"error":"You have exceeded your monthly included credits for Inference Providers."}',
        FaultKind.KEY,
    ),
    "OpenAI, quota": (
        429,
        _openai("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota"),
        FaultKind.KEY,
    ),
    # A request that will never be taken.
    "vLLM, context": (400, _openai(_CONTEXT + "messages).", "BadRequestError", 400), FaultKind.REQUEST),
    "vLLM, prompt": (
        400,
        _openai("The decoder prompt (length 1055) is longer than the maximum model length of 1024.", "BadRequestError"),
        FaultKind.REQUEST,
    ),
    "OpenAI, context": (400, _openai(_CONTEXT + "messages).", code="context_length_exceeded"), FaultKind.REQUEST),
    "llama.cpp, context": (
        400,
        '{"error":{"code":400,"message":"request (601 tokens) exceeds the available context size (256 tokens), try '
        'increasing it","type":"exceed_context_size_error","n_prompt_tokens":601,"n_ctx":256}}',
        FaultKind.REQUEST,
    ),
    "SGLang, context": (
        400,
        '{"object":"error","message":"The input (601 tokens) is longer than the model\'s context length (256 tokens).",'
        '"type":"BadRequestError","param":null,"code":400}',
        FaultKind.REQUEST,
    ),
    "TGI, context": (
        422,
        '{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 256. Given: 200 `inputs` '
        'tokens and 100 `max_new_tokens`","error_type":"validation"}',
        FaultKind.REQUEST,
    ),
    "TGI, JSON": (
        422,
        "Failed to deserialize the JSON body into the target type: missing field `inputs`",
        FaultKind.REQUEST,
    ),
    "llama.cpp, grammar": (
        400,
        '{"error":{"code":400,"message":"Failed to initialize samplers: failed to parse grammar",'
        '"type":"invalid_request_error"}}',
        FaultKind.REQUEST,
    ),
    "a body with the request in it": (
        422,
        '{"detail":[{"type":"missing","loc":["body","max_tokens"],"msg":"Field required",'
        '"input":{"prompt":"Why does the error say: unknown model gpt-9, model not found?"}}]}',
        FaultKind.REQUEST,
    ),
    "too large": (413, "<html>413 Request Entity Too Large</html>", FaultKind.REQUEST),
    # Too many requests.
    "TGI, busy": (429, '{"error":"Model is overloaded","error_type":"overloaded"}', FaultKind.THROTTLED),
    "OpenAI, busy": (429, _openai("Rate limit reached for tiny", "tokens", "rate_limit_exceeded"), FaultKind.THROTTLED),
    "LiteLLM, busy": (
        429,
        _openai("No deployments available for selected model, Try again in 5 seconds.", "None", "429"),
        FaultKind.THROTTLED,
    ),
    # A server that failed, and one that is not there.
    "vLLM, engine": (500, _openai("EngineCore encountered an issue.", "InternalServerError", 500), FaultKind.SERVER),
    "TGI, generation": (
        424,
        '{"error":"Request failed during generation: Server error: CUDA out of memory","error_type":"generation"}',
        FaultKind.SERVER,
    ),
    "llama.cpp, loading": (
        503,
        '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}',
        FaultKind.DOWN,
    ),
    "nginx, gateway": (502, "<html><head><title>502 Bad Gateway</title></head></html>", FaultKind.DOWN),
    "nginx, patience": (504, "<html><head><title>504 Gateway Time-out</title></head></html>", FaultKind.DOWN),
    "Cloudflare": (524, "error code: 524", FaultKind.DOWN),
    "SageMaker": (408, "", FaultKind.DOWN),
}
