/**
 * Tokens of a headline, exactly as `tickfire.models.sentiment.text` makes them: only ASCII letters
 * have case, a token is a lower-case word, a number as it stands, a tag or a question mark.
 */
const MAX_TOKENS = 96;

const TOKEN =
  /\$[a-z][a-z0-9.]*|#[a-z0-9_]+|(?<![^ (])[+-]?\$?[0-9]+(?:[.,][0-9]+)*%?|[0-9]+(?:[.,][0-9]+)*%?|[a-z]+(?:'[a-z]+)?|\?/g;
const URL_LIKE = /https?:\/\/[^ \t\r\n]+/g;

export function tokens(text: string): string[] {
  let lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()).replaceAll("\u2019", "'");
  if (lower.includes("://")) lower = lower.replace(URL_LIKE, " ");
  return (lower.match(TOKEN) ?? []).slice(0, MAX_TOKENS);
}

/** Return true if a character is a digit; false for the empty string. */
export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

export function isLetter(character: string | undefined): boolean {
  return character !== undefined && character >= "a" && character <= "z";
}

/** The form of a token in n-grams: a word unchanged, a number or tag replaced by its mark. */
export function shape(token: string): string {
  const first = token[0];
  if (isLetter(first) || first === "?") return token;
  if (first === "#") return "<hash>";
  if (first === "$" && !isDigit(token[1])) return "<tag>";
  if (!token.endsWith("%")) return "<n>";
  return first === "+" ? "<+%>" : first === "-" ? "<-%>" : "<%>";
}
