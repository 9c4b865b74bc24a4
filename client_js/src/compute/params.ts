import {
  INDICATORS,
  type IndicatorName,
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
}

/** Check a name and parameters, and fill in defaults; throws `IndicatorError`. */
export function resolve(name: string, given: Readonly<Record<string, unknown>> = {}): Resolved {
  if (!isIndicator(name)) {
    const all = Object.keys(INDICATORS).join(", ");
    throw new IndicatorError(`there is no indicator "${name}"; there are ${all}`);
  }
  const spec = specOf(name);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(spec.params, key)) continue;
    if (key === "source" && spec.source !== undefined) continue;
    const takes = [...Object.keys(spec.params), ...(spec.source === undefined ? [] : ["source"])];
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
  };
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

function say(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** The title in a legend: "EMA 20", "BB 20 2", "EMA 20 open". */
export function titleOf({ name, numbers, source }: Resolved): string {
  const spec = specOf(name);
  const shown = Object.entries(spec.params)
    .filter(([key, { ns, default: preset }]) => ns === undefined || numbers[key] !== preset)
    .map(([key]) => numbers[key]);
  const other = source !== null && source !== spec.source ? [source] : [];
  return [spec.title, ...shown, ...other].join(" ");
}
