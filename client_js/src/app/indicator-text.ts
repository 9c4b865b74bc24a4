import { type Resolved, resolve } from "../compute/params";
import { INDICATORS, SOURCES, specOf } from "../compute/registry";

/** Indicators as text, for the page's address: "ema(20),bollinger(20,2,close),macd(12,26,9)". */
export function writeIndicators(all: readonly Resolved[]): string {
  return all.map(writeOne).join(",");
}

function writeOne({ name, numbers, source }: Resolved): string {
  const keys = Object.keys(specOf(name).params);
  const values: (number | string)[] = keys.map((key) => numbers[key]);
  if (source !== null) values.push(source);
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
  const params: Record<string, unknown> = {};
  resolve(name, params);
  const keys = Object.keys(specOf(name as Resolved["name"]).params);
  for (const value of given) {
    if ((SOURCES as readonly string[]).includes(value)) params["source"] = value;
    else params[keys.shift() ?? "more"] = Number(value);
  }
  resolve(name, params);
  return { name, params };
}
