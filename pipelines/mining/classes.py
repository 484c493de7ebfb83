"""Task class of an instruction, by rules. The first rule that fits wins."""

import re

_MAKING = (
    r"write|create|implement|develop|build|generate|design|define|construct|make|compose|code|program|convert|sort"
    r"|reverse|merge|parse|solve|train|plot|compute|calculate|count|find|get|add|set up|simulate|print|return|extract"
    r"|given"
)
_MADE = (
    r"functions?|programs?|scripts?|code|snippets?|class(?:es)?|methods?|quer(?:y|ies)|implementations?|solutions?"
    r"|regex|regular expressions?|apis?|schemas?|algorithms?|programme|one-liner|command|decorator"
)
_TOLD = (
    r"explanation|overview|summary|guide|tutorials?|examples? of when|fastest way|best way|list of|comparison"
    r"|differences?|advice|(?:programming )?languages?|tools?|librar(?:y|ies)|resources?"
)
# How a request begins, before its verb.
_START = (
    r"\A\W{0,12}(?:(?:hi|hello|hey)\b[^.!?\n]*[.!,]\s*)?(?:python:?\s+)?(?:(?:can|could|would) (?:you|we) (?:please )?"
    r"|please |i(?:'d| would) like you to )?"
)
_NEAR = r"\b[^.?!\n]{0,40}\b"

_TASKS = (
    ("theory", rf"{_START}(?:explain|describe) (?:why|how|what|when|the (?:error|exception|bug|performance))\b"),
    ("theory", r"\b(?:walk me through|(?:guide|tutorials?) (?:on|for|to) how)\b"),
    (
        "testing",
        rf"\b(?:write|add|create|generate|design|need|provide|suggest|extend|give me|have){_NEAR}(?:tests?|test cases?"
        r"|test suite)\b(?! whether| if)"
        r"|\b(?:unit-?test|mock(?:s|ing)?|test coverage)\b[^.?!]*\b(?:for|of|this|the|my)\b"
        r"|\b(?:using|use|with) (?:pytest|unittest|junit)\b|\btests? would\b|\A\W{0,12}test (?:this|the|my)\b"
        r"|\bhow (?:do|can|should|would) (?:i|we|you) (?:unit-?)?test\b",
    ),
    (
        "refactoring",
        r"\b(?:refactor\w*|clean(?:ing)? up|restructur\w*|rewrit(?:e|ing)|simplif(?:y|ying)|moderni[sz]e|tidy"
        r"|duplication|more readable|easier to read|readability|without changing (?:what|how|its behaviou?r)"
        r"|split (?:this|the|my) (?:class|function|method|module)"
        rf"|(?:translate|port|migrate|convert){_NEAR}(?:{_MADE}|from (?:python|java|javascript|c\+\+))\b"
        r"[^.?!\n]{0,60}\b(?:in)?to)\b",
    ),
    (
        "optimisation",
        r"\b(?:optimi[sz](?:e|ing|ation)|speed(?:ing)? (?:it |this )?up|faster|(?:more|most) efficient|too slow"
        r"|(?:improve|better|increase|poor|bad) (?:the |its |my )?(?:performance|speed|efficiency)|bottlenecks?"
        r"|run(?:s|ning)? slow\w*|less (?:time|memory)|takes (?:\w+ ){1,3}(?:seconds|minutes|hours)"
        r"|bring (?:it|this) down"
        r"|(?:reduce|cut|lower)(?:s|ing)? (?:the |its )?(?:time|memory|run ?time|latency|allocations|complexity))\b",
    ),
    (
        "debugging",
        r"\b(?:debugging|debug (?:it|this|the|my|a)|fix (?:it|this|the|my|these)|where is the (?:mistake|bug|error)"
        rf"|(?:fix|find|solve|resolv\w+|correct){_NEAR}(?:bugs?|errors?|issues?|problem in)"
        r"|traceback|stack trace|segmentation fault|(?:syntax|type|index|key|name|value|attribute|runtime) ?error"
        r"|(?:is|am|are|what's|do|doing|done|going|gone) (?:\w+ )?wrong|wrong with|not what it"
        rf"|(?:get|getting|got|gives?|giving|throws?|raises?|see|encountered|there is){_NEAR}(?:error|exception)"
        r"|(?:doesn'?t|does not|don't|isn't|is not|not) work\w*|but it (?:fails|crashes)|crashes|broken)\b"
        r"|\b[A-Za-z]+(?:Exception|(?-i:[a-z]Error))\b",
    ),
    ("generation", r"\A\W{0,12}how (?:can|do|would|should) (?:i|we|you) (?:write|create|implement|build|make|code)\b"),
    (
        "theory",
        rf"{_START}(?:help me )?(?:explain|describe|compare|discuss|understand|summari[sz]e|list"
        r"|tell me (?:about|what|why|how)"
        r"|suggest(?! (?:an? )?(?:completion|code|function))|recommend|why|when|which|who"
        r"|is (?:it|there|this)"
        r"|what(?:'s| is| are| does| do| were| would| could| should| happens| types?)(?! the (?:code|query|sql))"
        rf"|how (?:does|do|is|are|to|would)|(?:provide|give)(?: me)?(?: with)? (?:an? |the |some )?(?:[\w-]+ ){{0,3}}"
        rf"(?:{_TOLD}))\b",
    ),
    (
        "generation",
        rf"{_START}(?:(?:help|assist)(?: me| us)? (?:\w+ ){{0,2}})?(?:{_MAKING}|use|using)\b"
        r"|\b(?:please |can you |could you |help me |i need to |want to |(?:need|help) (?:me )?(?:with )?(?:an? )?)"
        rf"(?:{_MAKING})\b"
        r"|\b(?:provide|give|need|help|assist|want|show|looking for|suggest|offer|what(?:'s| is))\b[^.?!\n]{0,60}"
        rf"\b(?:{_MADE})\b|[.\n;:,]\s{{0,4}}(?:{_MAKING})\b|\bdef \w+\("
        r"|\b(?:help|assist)\b[^.?!\n]{0,20}\b(?:writ|design|implement|creat|build|develop|cod)ing\b",
    ),
    (
        "theory",
        r"\b(?:expla(?:in|nation)|what(?:'s| is| are| does| happens)|why|differences?|compare|describe|summary|suggest"
        rf"|how (?:do|does|can|to|would)|tell me|step-by-step|understand|{_TOLD})\b"
        r"|(?:\A|[.!?\n]\s{0,4})(?:what|which|who)\b",
    ),
    ("generation", rf"\b(?:{_MAKING})\b"),
)
_RULES = [(name, re.compile(pattern, re.I)) for name, pattern in _TASKS]


def task_class(instruction: str) -> str:
    """One of `tables.TASKS`."""
    return next((name for name, rule in _RULES if rule.search(instruction)), "other")
