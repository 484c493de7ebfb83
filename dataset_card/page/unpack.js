// The data: gzipped JSON in base64, in script elements that no browser runs. Texts are unpacked a chunk at a time.

const RECENT = 8;

/** The JSON value that a script element holds. */
async function unpack(holder) {
  const bytes = fromBase64(holder.textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

/** The answers and votes of instructions: `starts` is the place of the first instruction in each chunk. */
class Texts {
  constructor(starts) {
    this.starts = starts;
    this.holders = document.querySelectorAll("script.chunk");
    this.unpacked = new Map();
  }

  /** {answers, votes} of the instruction at a place. */
  async of(place) {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= place) low = middle;
      else high = middle;
    }
    return (await this.chunk(low))[place - this.starts[low]];
  }

  chunk(number) {
    const found = this.unpacked.get(number) || unpack(this.holders[number]);
    // What was used last is dropped last.
    this.unpacked.delete(number);
    this.unpacked.set(number, found);
    if (this.unpacked.size > RECENT) this.unpacked.delete(this.unpacked.keys().next().value);
    return found;
  }
}
