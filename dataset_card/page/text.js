// Elements and texts. Text from models only ever becomes text nodes: no markup of theirs is parsed.

// What a text can hide or turn round: controls, marks of direction, invisible letters.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** An element with attributes and children; children that are strings become text, null and false nothing. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== false) made.setAttribute(key, value);
  }
  append(made, ...children);
  return made;
}

/** Append children; strings become text, null and false nothing. */
function append(parent, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === false || child === undefined) continue;
    parent.append(child instanceof Node ? child : shown(String(child)));
  }
  return parent;
}

/** A text in which what cannot be seen is marked by its code. */
function shown(text) {
  const plain = text.replaceAll("\r\n", "\n");
  HIDDEN.lastIndex = 0;
  if (!HIDDEN.test(plain)) return document.createTextNode(plain);
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const found of plain.matchAll(HIDDEN)) {
    fragment.append(plain.slice(from, found.index), mark(found[0]));
    from = found.index + found[0].length;
  }
  fragment.append(plain.slice(from));
  return fragment;
}

function mark(character) {
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  const made = document.createElement("span");
  made.className = "hidden-character";
  made.title = `the character U+${code}`;
  made.textContent = code;
  return made;
}

/** A text as stored: a string, or [its beginning, its characters in full] where it was cut. */
function whole(stored) {
  return typeof stored === "string" ? { text: stored, length: null } : { text: stored[0], length: stored[1] };
}

/** A note on a text that the page holds in part; null for one that is whole. */
function cutNote(stored) {
  const { text, length } = whole(stored);
  if (length === null) return null;
  const words = `Cut here: the first ${count([...text].length)} of ${count(length)} characters. The arena's table has all.`;
  return element("p", { class: "note" }, words);
}

function count(number) {
  return number.toLocaleString("en-US");
}
