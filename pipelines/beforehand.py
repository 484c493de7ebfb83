"""What can be known to be wrong before anybody is asked: with an expert, with this machine."""

import os

from warriorcoder.endpoint_kinds import HFInferenceEndpoint, RemoteEndpoint
from warriorcoder.errors import RecipeError, SandboxError
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.sandbox.sandbox import usable_binary


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


def require_sandbox(recipe: Recipe) -> None:
    """Raises SandboxError where the execution judge would have no sandbox on this machine, with what to do."""
    if recipe.battles.execution_weight is None:
        return
    try:
        usable_binary()
    except SandboxError as error:
        raise SandboxError(
            f"battles.execution_weight: the execution judge runs code that models wrote. {error}\n"
            "battles.execution_weight: null leaves the execution judge out."
        ) from None
