"""The families of chat templates that a recipe can name."""

from importlib.resources import files

import yaml

from warriorcoder.pipelines.endpoints.templates.template import Template
from warriorcoder.pipelines.prompts import read_prompt


def _read_families() -> dict[str, Template]:
    table = yaml.safe_load(files(__package__).joinpath("families.yaml").read_text(encoding="utf-8"))
    return {
        name: Template(
            prefix=family["prefix"],
            stop=tuple(family["stop"]),
            bare=family["bare"],
            markers=tuple(family["markers"]),
            hidden=tuple(family.get("hidden", ())),
        )
        for name, family in table.items()
    }


FAMILIES = {
    **_read_families(),
    # A base model has no turns: it continues a numbered list of exercises, whose headline is the system prompt.
    "base": Template(read_prompt("mine_list_v1").rstrip("\n") + " ", ("\n",), chat=False, opening="Write a"),
}
