// What the execution judge saw when it ran both answers: JSON of its own making, with values that programs returned.

const MEASURES = [
  ["stage", "its program"],
  ["detail", "detail"],
  ["entry_point", "called"],
  ["named", "defines what is asked for"],
  ["examples", "examples of the instruction"],
  ["claims", "its own examples"],
  ["meets", "of the other's examples it meets"],
  ["returned", "inputs on which it returned"],
  ["crashes", "usual inputs that it fails on alone"],
  ["edge_crashes", "edge cases that it fails on alone"],
  ["misfits", "results of a wrong type"],
];
const COUNTS = [
  ["inputs", "inputs tried"],
  ["usual", "of them usual"],
  ["agreed", "same result"],
  ["values", "different values among these"],
  ["disagreed", "different results"],
];

/** The evidence of one vote as elements; null where there is none. `names` are those of the answers a and b. */
function evidenceShown(stored, names) {
  if (stored === null || stored === undefined) return null;
  const note = cutNote(stored);
  let found = null;
  try {
    found = JSON.parse(whole(stored).text);
  } catch {
    // Cut or of another make: shown as it stands.
  }
  const inside = found && typeof found === "object" ? evidenceTables(found, names) : [element("pre", {}, whole(stored).text)];
  return element("details", { class: "evidence" }, element("summary", {}, "What running both has shown"), inside, note);
}

function evidenceTables(found, names) {
  const sides = [found.a || {}, found.b || {}];
  const rows = MEASURES.filter(([key]) => sides.some((side) => side[key] !== undefined));
  const known = new Set(["a", "b", "rule", "wanted", "witnesses", ...COUNTS.map(([key]) => key)]);
  const counts = COUNTS.filter(([key]) => found[key] !== undefined).map(([key, words]) => `${words}: ${found[key]}`);
  const others = Object.keys(found).filter((key) => !known.has(key));
  return [
    found.rule ? element("p", {}, "Decided by the rule ", element("b", {}, String(found.rule)), ".") : null,
    rows.length ? table(["", ...names], rows.map(([key, words]) => [words, ...sides.map((side) => told(side[key]))])) : null,
    counts.length ? element("p", {}, counts.join(" · ")) : null,
    Array.isArray(found.witnesses) && found.witnesses.length
      ? table(["given", ...names], found.witnesses.map((one) => [told(one.given), told(one.a), told(one.b)]), "code")
      : null,
    others.length ? element("pre", {}, JSON.stringify(Object.fromEntries(others.map((key) => [key, found[key]])), null, 1)) : null,
  ];
}

/** A value in words: counts of examples as held and broken, what is not said as a dash. */
function told(value) {
  if (value === undefined || value === null) return "–";
  if (value === true || value === false) return value ? "yes" : "no";
  if (typeof value === "object") return Object.entries(value).map(([key, held]) => `${held} ${key}`).join(", ") || "–";
  return String(value);
}

function table(head, rows, kind) {
  const cells = (values, name) => values.map((value) => element(name, {}, value));
  return element(
    "div",
    { class: "wide" },
    element(
      "table",
      { class: kind || null },
      element("thead", {}, element("tr", {}, cells(head, "th"))),
      element("tbody", {}, rows.map((row) => element("tr", {}, cells(row, "td")))),
    ),
  );
}
