// Which battles fit: plain functions on the index's columns, one pass over all battles.

const ODD = { judges: 1, orders: 2, missing: 4 };
const UNDECIDED = -1;
const TIE = 0;
const ATTACKER = 1;
const TEXT_FILTERS = ["q", "expert", "opponent", "winner", "task", "band", "language"];

/** An index made ready for filtering: instructions in lower case, made once. */
function searchable(index) {
  const texts = index.instructions.text.map((stored) => whole(stored).text.toLowerCase());
  return { ...index, lowered: texts };
}

/** The filters in a hash's parameters, those that are set. */
function filtersOf(parameters) {
  const filters = {};
  for (const name of [...TEXT_FILTERS, ...Object.keys(ODD)]) {
    const value = parameters.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/** The numbers of the battles that fit all filters, in order. A name that the arena has not fits nothing. */
function fitting(index, filters) {
  const { battles, instructions } = index;
  const fits = instructionsFitting(index, filters);
  const expert = filters.expert ? index.experts.indexOf(filters.expert) : null;
  const opponent = filters.opponent ? index.experts.indexOf(filters.opponent) : null;
  const won = wonBy(index, filters.winner);
  let odd = 0;
  for (const [name, bit] of Object.entries(ODD)) if (filters[name]) odd |= bit;
  const found = [];
  for (let at = 0; at < battles.instruction.length; at++) {
    if (fits && !fits[battles.instruction[at]]) continue;
    const a = battles.attacker[at];
    const b = battles.defender[at];
    if (expert !== null && a !== expert && b !== expert) continue;
    if (opponent !== null && (expert === null ? a !== opponent && b !== opponent : (a === expert ? b : a) !== opponent)) continue;
    if ((battles.odd[at] & odd) !== odd) continue;
    if (won && !won(at)) continue;
    found.push(at);
  }
  return found;
}

/** For each instruction whether it fits; null where no filter asks about it. */
function instructionsFitting(index, filters) {
  const { instructions } = index;
  const wanted = filters.q ? filters.q.toLowerCase().split(/\s+/).filter(Boolean) : [];
  const asked = ["task", "band", "language"].filter((name) => filters[name]);
  if (!wanted.length && !asked.length) return null;
  const numbers = { task: index.tasks, band: index.bands, language: index.languages };
  const places = asked.map((name) => [
    instructions[name],
    name === "language" && filters[name] === NONE_NAMED ? -1 : placeOf(numbers[name], filters[name]),
  ]);
  return index.lowered.map(
    (text, at) => places.every(([column, place]) => column[at] === place) && wanted.every((word) => text.includes(word)),
  );
}

const NONE_NAMED = "none named";

function placeOf(names, name) {
  const place = names.indexOf(name);
  return place < 0 ? NaN : place;
}

/** Whether a battle has the outcome that is asked for: a winner's name, "(tie)" or "(no verdict)". */
function wonBy({ battles, experts }, name) {
  if (!name) return null;
  if (name === "(tie)") return (at) => battles.outcome[at] === TIE;
  if (name === "(no verdict)") return (at) => battles.outcome[at] === UNDECIDED;
  const expert = experts.indexOf(name);
  return (at) => winnerOf(battles, at) === expert && expert >= 0;
}

/** The number of the expert that won a battle; -1 for a tie or no verdict. */
function winnerOf(battles, at) {
  const outcome = battles.outcome[at];
  return outcome < ATTACKER ? -1 : outcome === ATTACKER ? battles.attacker[at] : battles.defender[at];
}

/** A battle's name in links: it holds in every page of the arena. */
function nameOf({ battles, instructions, experts }, at) {
  return [instructions.id[battles.instruction[at]], experts[battles.attacker[at]], experts[battles.defender[at]]].join("~");
}

/** The number of the battle that a link names; -1 for none. */
function battleNamed(index, name) {
  const [id, ...pair] = name.split("~");
  const place = index.instructions.id.indexOf(id);
  const { instruction } = index.battles;
  // Battles are sorted by their instruction.
  for (let at = place < 0 ? -1 : instruction.indexOf(place); at >= 0 && instruction[at] === place; at++) {
    if (nameOf(index, at) === [id, ...pair].join("~")) return at;
  }
  return -1;
}
