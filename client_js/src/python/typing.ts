/** A text with a selection in it. */
export interface Edit {
  text: string;
  from: number;
  to: number;
}

const INDENT = "    ";

/** Insert a new line with the current indentation, one level deeper after a colon. */
export function newLine({ text, from, to }: Edit): Edit {
  const start = lineStart(text, from);
  const line = text.slice(start, from);
  const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
  const opens = /:\s*(#.*)?$/.test(line);
  return insert({ text, from, to }, `\n${indent}${opens ? INDENT : ""}`);
}

/** Indent the selected lines, or insert spaces up to the next tab stop. */
export function indent(edit: Edit): Edit {
  if (edit.from !== edit.to) return eachLine(edit, (line) => (line === "" ? "" : INDENT + line));
  const start = lineStart(edit.text, edit.from);
  return insert(edit, " ".repeat(INDENT.length - ((edit.from - start) % INDENT.length)));
}

/** Remove one level of indentation from the selected lines. */
export function outdent(edit: Edit): Edit {
  return eachLine(edit, (line) => line.replace(/^( {1,4}|\t)/, ""));
}

/** The start and end of a line, counted from 1. */
export function lineSpan(text: string, line: number): { from: number; to: number } {
  let from = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf("\n", from);
    if (end < 0) break;
    from = end + 1;
  }
  const end = text.indexOf("\n", from);
  return { from, to: end < 0 ? text.length : end };
}

function lineStart(text: string, at: number): number {
  // Not text.lastIndexOf("\n", at - 1): it takes -1 for 0 and would find a leading line break.
  return text.slice(0, at).lastIndexOf("\n") + 1;
}

function insert({ text, from, to }: Edit, piece: string): Edit {
  const at = from + piece.length;
  return { text: text.slice(0, from) + piece + text.slice(to), from: at, to: at };
}

function eachLine({ text, from, to }: Edit, change: (line: string) => string): Edit {
  const start = lineStart(text, from);
  // A selection that ends at the start of a line does not include that line.
  const last = to > from && text[to - 1] === "\n" ? to - 1 : to;
  const found = text.indexOf("\n", last);
  const end = found < 0 ? text.length : found;
  const lines = text.slice(start, end).split("\n");
  const changed = lines.map(change);
  const first = changed[0].length - lines[0].length;
  const all = changed.join("\n").length - (end - start);
  return {
    text: text.slice(0, start) + changed.join("\n") + text.slice(end),
    from: Math.max(from + first, start),
    to: Math.max(to + all, start),
  };
}
