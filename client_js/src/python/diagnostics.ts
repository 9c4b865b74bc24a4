import type { Text } from "@codemirror/state";
import type { Fault } from "./messages";

/** The part of a text to underline for an error; null if it has no line. */
export function spanOf(doc: Text, { line, span }: Fault): { from: number; to: number } | null {
  if (line === null) return null;
  const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const indent = text.length - text.trimStart().length;
  const [start, end] = span ?? [indent, text.trimEnd().length];
  const first = Math.min(from + start, to);
  const last = Math.min(Math.max(from + end, first), to);
  // At the end of a line there is nothing to underline but what comes before.
  return { from: first === last && first > from ? first - 1 : first, to: last };
}

/** An error as one sentence with its line. */
export function describe({ type, message, line, trace }: Fault): string {
  const named = message.includes(type) ? [] : [type];
  const where = [...named, ...(line === null ? [] : [`line ${line}`])].join(", ");
  const through = trace.length > 1 ? ` (${trace.join("; ")})` : "";
  return `${where === "" ? "" : `${where}: `}${message}${through}`;
}
