// Answers: prose and fenced code blocks of Markdown. No links, no images, no HTML: those stay as they were written.

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;

/** The blocks of a Markdown text: {code, language} for a fenced one, {prose} else. */
function blocksOf(text) {
  const blocks = [];
  let held = [];
  let fence = null;
  let language = "";
  const close = () => {
    const joined = held.join("\n");
    if (fence) blocks.push({ code: joined, language });
    else if (joined.trim()) blocks.push({ prose: joined.replace(/^\n+/, "").trimEnd() });
    held = [];
  };
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    const found = line.length < 200 ? FENCE.exec(line) : null;
    if (fence && found && found[1][0] === fence[0] && found[1].length >= fence.length && !found[2]) {
      close();
      fence = null;
    } else if (!fence && found) {
      close();
      fence = found[1];
      language = found[2];
    } else {
      held.push(line);
    }
  }
  close();
  return blocks;
}

/** A stored text as elements; `language` is that of code blocks that name none. */
function rendered(stored, language) {
  const made = element("div", { class: "text" });
  for (const block of blocksOf(whole(stored).text)) {
    if (block.prose !== undefined) {
      made.append(prose(block.prose));
    } else {
      const pre = element("pre", {}, highlighted(block.code, block.language || language || "python"));
      made.append(pre);
    }
  }
  if (!made.childNodes.length) made.append(element("p", { class: "note" }, "(empty)"));
  return append(made, cutNote(stored));
}

// At most so many characters between the marks: a text of nothing but marks is read in one pass.
const INLINE = /`([^`\n]{1,300})`|\*\*([^*\n]{1,300})\*\*/g;

function prose(text) {
  const made = element("p", { class: "prose", dir: "auto" });
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    append(made, text.slice(from, found.index));
    made.append(found[1] !== undefined ? element("code", {}, found[1]) : element("b", {}, found[2]));
    from = found.index + found[0].length;
  }
  return append(made, text.slice(from));
}
