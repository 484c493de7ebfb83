"""What can be known to be wrong with an expert before anybody is asked."""

import os

from warriorcoder.endpoint_kinds import HFInferenceEndpoint, RemoteEndpoint
from warriorcoder.errors import RecipeError
from warriorcoder.recipe import Expert


def check_expert(expert: Expert, *, raw: bool) -> None:
    """Raises RecipeError where its key is not there, or where it is to be asked `raw` prompts and takes none."""
    endpoint = expert.endpoint
    if raw and isinstance(endpoint, HFInferenceEndpoint):
        from warriorcoder.pipelines.endpoints.clients.hf_inference import raw_completion_refusal

        if refusal := raw_completion_refusal(expert):
            raise RecipeError(refusal)
    if not isinstance(endpoint, RemoteEndpoint) or not endpoint.api_key_env:
        return
    if endpoint.api_key_env not in os.environ:
        raise RecipeError(
            f"experts.{expert.name}.endpoint.api_key_env: the environment variable {endpoint.api_key_env} "
            "is not set. Export it, or name another one."
        )
    key = os.environ[endpoint.api_key_env].strip()
    if not (key.isascii() and key.isprintable() and key):
        raise RecipeError(
            f"experts.{expert.name}.endpoint.api_key_env: what {endpoint.api_key_env} holds is no key: it is "
            "empty, or has a line end or another character in it that no header can carry."
        )
