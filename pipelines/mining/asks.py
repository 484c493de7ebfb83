"""Does an English text ask for something?"""

import re

_VERBS = """
    add analyse analyze annotate answer append apply assign build calculate change check choose classify clean code
    combine comment compare complete compose compute configure construct convert correct count create debug decide
    declare define delete demonstrate deploy derive describe design determine develop discuss display divide draw
    edit encode enhance enumerate estimate evaluate execute explain extend extract fetch fill filter find fix
    flatten format generate get give group help identify implement import improve insert install integrate join list
    load make merge modify multiply name optimise optimize outline output parallelize parse perform plan plot port
    predict print produce program propose prove provide query rank read rearrange refactor remove rename replace
    retrieve return reverse review rewrite rotate run scrape search select send separate set show shuffle simplify
    simulate solve sort split store subtract suggest summarise summarize swap take tell test trace train transform
    translate traverse try turn update use using validate verify visualize walk what which why wrap write
"""

_BEFORE_A_VERB = (
    r"please|now|then|also|next|first|kindly|and|you (?:need|have|are|must) to|your (?:task|job) (?:is|was) to"
    r"|(?:in )?(?:python|java|sql)[:,]?"
)

_PHRASES = (
    r"please|how (?:to|do|can|does|is|are|would)|(?:can|could|would|will) you|help (?:me|with)|need|want(?:s|ed)?"
    r"|would like|i'd like|looking (?:for|to)|trying to|tried to|struggling|wondering|not sure|unsure|confused|stuck"
    r"|having (?:trouble|problems?|issues?|an issue)|come up with|explain|given (?:a|an|the|two|some)|task is"
    r"|should (?:return|print|output|be)|\w+[ -](?:error|exception)s?|not work(?:ing)?|n't work|fails?|wrong"
    r"|(?:program|function|script|query|code|class|method|algorithm|regex|command) (?:to|that|for|which|in)"
)

_ASKS = re.compile(
    rf"\?|(?:\A|[.!?:;,]\s{{1,8}}|\n)[\s\d.)*\-#\"']{{0,12}}(?:(?:{_BEFORE_A_VERB}) )*(?:{'|'.join(_VERBS.split())})\b"
    rf"|\b(?:{_PHRASES})\b"
    # A function with nothing but its docstring asks to be completed.
    r"|\bdef \w+\([^\n]*\n\s*(?:\"\"\"|''')",
    re.I,
)


def asks_for_something(text: str) -> bool:
    """Whether there is a question, a sentence that begins with an order, or a phrase in which needs are told."""
    return bool(_ASKS.search(text))
