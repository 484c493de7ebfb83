// Colours for code: one pass of one expression a language, over text that stays text.

const LONGEST_HIGHLIGHTED = 60000;

const WORDS = {
  python:
    "False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return self try while with yield",
  script:
    "abstract any async await boolean break case catch class const constructor continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface let namespace new null number of private protected public readonly return set static string super switch this throw true try type typeof undefined var void while with yield",
  c: "alignas auto bool break case catch char class const constexpr continue default delete do double else enum explicit extern false final float for friend goto if inline int long mutable namespace new noexcept nullptr operator override private protected public register return short signed sizeof static std struct switch template this throw true try typedef typename union unsigned using virtual void volatile while",
  java: "abstract assert boolean break byte case catch char class const continue data default do double else enum extends false final finally float for fun if implements import in instanceof int interface internal is lateinit long namespace new null object open out override package params private protected public readonly record return sealed short static string struct super switch synchronized this throw throws transient true try using val var virtual void volatile when while",
  go: "break case chan const continue default defer else error fallthrough false for func go goto if import int interface map nil package range return select string struct switch true type var",
  rust: "as async await bool break char const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static str struct super trait true type union unsafe use usize where while",
  ruby: "alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or redo rescue retry return self super then true undef unless until when while yield",
  shell: "case do done echo elif else esac exit export fi for function if in local read return set shift source then until while",
  sql: "add all alter and as asc between by case check column constraint count create cross database default delete desc distinct drop else end exists foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer over partition primary references right row select set table then union unique update values view when where with",
  swift: "actor any as associatedtype async await break case catch class continue default defer do else enum extension false fileprivate for func guard if import in init inout internal is let nil open private protocol public return self some static struct super switch throw throws true try typealias var where while",
  json: "true false null",
};

const SLASHES = String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|(?![\s\S]))`;
const HASH = String.raw`#[^\n]*`;
const QUOTED = String.raw`"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?`;
const DOUBLE = String.raw`"(?:[^"\\]|\\[\s\S])*(?:"|(?![\s\S]))|'(?:[^'\\\n]|\\.)'`;
const BACKTICK = "`(?:[^`\\\\]|\\\\[\\s\\S])*(?:`|(?![\\s\\S]))";
const TRIPLE = String.raw`"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S]))`;

// name -> [comments, strings, words]
const LANGUAGES = {
  python: [HASH, `[rbfuRBFU]{0,2}(?:${TRIPLE}|${QUOTED})`, "python"],
  script: [SLASHES, `${QUOTED}|${BACKTICK}`, "script"],
  c: [`${SLASHES}|^[ \\t]*#[ \\t]*[a-z]+`, QUOTED, "c"],
  java: [SLASHES, `${TRIPLE}|${QUOTED}`, "java"],
  php: [`${SLASHES}|${HASH}`, QUOTED, "script"],
  go: [SLASHES, `${QUOTED}|${BACKTICK}`, "go"],
  rust: [SLASHES, DOUBLE, "rust"],
  ruby: [HASH, QUOTED, "ruby"],
  shell: [`(?<![\\w$\{])${HASH}`, QUOTED, "shell"],
  sql: [String.raw`--[^\n]*|\/\*[\s\S]*?(?:\*\/|(?![\s\S]))`, QUOTED, "sql"],
  swift: [SLASHES, `${TRIPLE}|${QUOTED}`, "swift"],
  json: [SLASHES, QUOTED, "json"],
  markup: [String.raw`<!--[\s\S]*?(?:-->|(?![\s\S]))`, String.raw`"[^"<>]*"|'[^'<>]*'`, "json"],
  yaml: [HASH, QUOTED, "json"],
  css: [String.raw`\/\*[\s\S]*?(?:\*\/|(?![\s\S]))`, QUOTED, "json"],
};

const ALIASES = {
  script: "javascript js jsx mjs node typescript ts tsx",
  python: "python py python3 ipython pycon numpy pandas cython",
  c: "c c++ cpp cc cxx h hpp objective-c cuda arduino glsl",
  java: "java kotlin kt scala c# csharp cs dart groovy",
  shell: "shell sh bash zsh console powershell ps1 dockerfile makefile r perl pl",
  markup: "markup html xml svg vue xhtml",
  go: "go golang",
  rust: "rust rs",
  ruby: "ruby rb elixir ex julia",
  sql: "sql mysql postgresql postgres plsql sqlite",
  swift: "swift",
  php: "php",
  json: "json jsonc json5",
  yaml: "yaml yml toml ini conf",
  css: "css scss less sass",
};

const GRAMMARS = new Map(
  Object.entries(ALIASES).flatMap(([grammar, names]) => names.split(" ").map((name) => [name, grammar])),
);
const EXPRESSIONS = new Map();

/** The grammar of a language's name; null for one that is not known. */
function grammarOf(name) {
  return GRAMMARS.get((name || "").toLowerCase()) || null;
}

function expressionOf(grammar) {
  if (!EXPRESSIONS.has(grammar)) {
    const [comments, strings, words] = LANGUAGES[grammar];
    const known = WORDS[words].split(" ").join("|");
    const source = `(${comments})|(${strings})|\\b(0[xXbBoO][\\da-fA-F_]+|\\d[\\d_]*(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)|\\b(${known})\\b|([A-Za-z_]\\w*)(?=\\()|[A-Za-z_]\\w*`;
    EXPRESSIONS.set(grammar, new RegExp(source, grammar === "sql" ? "gim" : "gm"));
  }
  return EXPRESSIONS.get(grammar);
}

/** A code element with its tokens in spans; without colours where the language is unknown or the code long. */
function highlighted(code, language) {
  const made = element("code", { dir: "ltr" });
  const grammar = grammarOf(language);
  if (!grammar || code.length > LONGEST_HIGHLIGHTED) return append(made, code);
  let from = 0;
  for (const found of code.matchAll(expressionOf(grammar))) {
    const kind = ["c", "s", "n", "k", "f"][[1, 2, 3, 4, 5].findIndex((group) => found[group] !== undefined)];
    if (!kind || !found[0]) continue;
    append(made, code.slice(from, found.index), element("span", { class: kind }, found[0]));
    from = found.index + found[0].length;
  }
  return append(made, code.slice(from));
}
