import {
  INDICATORS,
  type IndicatorName,
  type IndicatorSpec,
  isIndicator,
  type NumberSpec,
  SOURCES,
  type Source,
  specOf,
} from "./registry";

/** An unknown indicator or an invalid parameter. The message names it and says what is valid. */
export class IndicatorError extends RangeError {
  override readonly name = "IndicatorError";
}

/** The complete parameters of one calculation. */
export interface Resolved {
  name: IndicatorName;
  numbers: Record<string, number>;
  /** The price it is computed from; null if it uses whole bars. */
  source: Source | null;
  /** The other symbol of an indicator of two; null for an indicator of one. */
  symbol: string | null;
}

/** Check a name and parameters, and fill in defaults; throws `IndicatorError`. */
export function resolve(name: string, given: Readonly<Record<string, unknown>> = {}): Resolved {
  if (!isIndicator(name)) {
    const all = Object.keys(INDICATORS).join(", ");
    throw new IndicatorError(`there is no indicator "${name}"; there are ${all}`);
  }
  const spec = specOf(name);
  for (const key of Object.keys(given)) {
    const takes = namesOf(spec);
    if (takes.includes(key)) continue;
    const known = takes.length > 0 ? `it takes ${takes.join(", ")}` : "it takes none";
    throw new IndicatorError(`${name} has no parameter "${key}"; ${known}`);
  }
  const numbers = Object.entries(spec.params).map(([key, each]) => [
    key,
    checked(name, key, each, given[key] ?? each.default),
  ]);
  return {
    name,
    numbers: Object.fromEntries(numbers),
    source: sourceOf(name, spec.source, given["source"]),
    symbol: symbolOf(name, spec, given["symbol"]),
  };
}

/** The names of the parameters that an indicator takes. */
function namesOf({ params, source, other }: IndicatorSpec): string[] {
  const names = Object.keys(params);
  if (source !== undefined) names.push("source");
  if (other !== undefined) names.push("symbol");
  return names;
}

function checked(name: string, key: string, spec: NumberSpec, value: unknown): number {
  const { min, max, whole } = spec;
  const fits = typeof value === "number" && value >= min && value <= max;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "a whole number" : "a number";
  throw new IndicatorError(`${name}: ${key} is ${kind} from ${min} to ${max}, not ${say(value)}`);
}

function sourceOf(name: string, preset: Source | undefined, value: unknown): Source | null {
  if (preset === undefined) return null;
  const source = SOURCES.find((each) => each === (value ?? preset));
  if (source !== undefined) return source;
  throw new IndicatorError(`${name}: source is one of ${SOURCES.join(", ")}, not ${say(value)}`);
}

function symbolOf(name: string, { other }: IndicatorSpec, value: unknown): string | null {
  if (other === undefined) return null;
  if (typeof value === "string" && value !== "") return value;
  throw new IndicatorError(`${name}: symbol is the name of the other symbol, not ${say(value)}`);
}

function say(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** The title in a legend: "EMA 20", "BB 20 2", "EMA 20 open", "Correlation ESZ6 20". */
export function titleOf({ name, numbers, source, symbol }: Resolved): string {
  const spec = specOf(name);
  const shown = Object.entries(spec.params)
    .filter(([key, { ns, default: preset }]) => ns === undefined || numbers[key] !== preset)
    .map(([key]) => numbers[key]);
  const other = source !== null && source !== spec.source ? [source] : [];
  const pair = symbol === null ? [] : [symbol];
  return [spec.title, ...pair, ...shown, ...other].join(" ");
}
