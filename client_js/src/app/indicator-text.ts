import { type Resolved, resolve } from "../compute/params";
import { INDICATORS, type IndicatorName, isIndicator, SOURCES, specOf } from "../compute/registry";

/**
 * Indicators as text, for the page's address: "ema(20),bollinger(20,2,close),correlation(20,close,ESZ6)".
 */
export function writeIndicators(all: readonly Resolved[]): string {
  return all.map(writeOne).join(",");
}

function writeOne({ name, numbers, source, symbol }: Resolved): string {
  const keys = Object.keys(specOf(name).params);
  const values: (number | string)[] = keys.map((key) => numbers[key]);
  if (source !== null) values.push(source);
  if (symbol !== null) values.push(symbol);
  return values.length === 0 ? name : `${name}(${values.join(",")})`;
}

export interface NamedIndicator {
  name: string;
  params: Record<string, unknown>;
}

/** Read indicators from text; those that do not exist are left out and told in `faults`. */
export function readIndicators(text: string): { found: NamedIndicator[]; faults: string[] } {
  const found: NamedIndicator[] = [];
  const faults: string[] = [];
  for (const part of text.match(/[^,()\s][^,()]*(\([^()]*\))?/g) ?? []) {
    try {
      found.push(readOne(part));
    } catch (problem) {
      faults.push(`The indicator ${part} is left out: ${(problem as Error).message}`);
    }
  }
  return { found, faults };
}

function readOne(part: string): NamedIndicator {
  const [, written = "", inside = ""] = /^\s*([\w-]+)\s*(?:\((.*)\))?\s*$/.exec(part) ?? [];
  const wanted = written.toLowerCase();
  const name = Object.keys(INDICATORS).find((each) => each.toLowerCase() === wanted) ?? written;
  const given = inside === "" ? [] : inside.split(",").map((value) => value.trim());
  if (!isIndicator(name)) resolve(name);
  const params: Record<string, unknown> = {};
  const { params: numbers, other } = specOf(name as IndicatorName);
  const keys = Object.keys(numbers);
  for (const value of given) {
    const isSymbol = other !== undefined && (keys.length === 0 || Number.isNaN(Number(value)));
    if ((SOURCES as readonly string[]).includes(value)) params["source"] = value;
    else if (isSymbol && params["symbol"] === undefined) params["symbol"] = value;
    else params[keys.shift() ?? "more"] = Number(value);
  }
  resolve(name, params);
  return { name, params };
}
