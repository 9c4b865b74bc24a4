/**
 * Features of tokens by the finance lexicon, exactly as `tickfire.models.sentiment.features`
 * computes them.
 * The words and their classes come with the artifact.
 */
import { isDigit } from "./text";

const POS = 1;
const NEG = 2;
const UP = 4;
const DOWN = 8;
const GOOD = 16;
const BAD = 32;
const NOT = 64;
const HEDGE = 128;
const VERSUS = 256;
const ROUTINE = 512;
const MOVES = UP | DOWN;
const THINGS = GOOD | BAD;

const F = {
  pos: 0,
  neg: 1,
  goodUp: 2,
  goodDown: 3,
  badUp: 4,
  badDown: 5,
  bareUp: 6,
  bareDown: 7,
  not: 8,
  plus: 9,
  minus: 10,
  percent: 11,
  question: 12,
  hedge: 13,
  routine: 14,
  above: 15,
  below: 16,
  badAbove: 17,
  badBelow: 18,
  tags: 19,
  moreGood: 20,
  moreBad: 21,
  neither: 22,
} as const;

export const LEXICON_FEATURES = 23;
const CAP = 3;
const REACH_BACK = 5;
const REACH_ON = 4;
const NEGATION_REACH = 3;
const COMPARED_WITHIN = 8;
const FIRST_YEAR = 1900;
const LAST_YEAR = 2100;

const UNITS: ReadonlyMap<string, number> = new Map([
  ...["thousand", "k"].map((unit) => [unit, 1e3] as const),
  ...["million", "mn", "m", "mln"].map((unit) => [unit, 1e6] as const),
  ...["billion", "bn", "b", "bln"].map((unit) => [unit, 1e9] as const),
]);

type Count = (feature: number, at: number) => void;

/** The counts of all features, and the token behind each. */
export interface LexiconCounts {
  counts: number[];
  owners: [feature: number, token: number][];
}

export function lexiconCounts(
  tokens: readonly string[],
  lexicon: ReadonlyMap<string, number>,
): LexiconCounts {
  const counts = new Array<number>(LEXICON_FEATURES).fill(0);
  const owners: [number, number][] = [];
  const count: Count = (feature, at) => {
    counts[feature]++;
    owners.push([feature, at]);
  };
  const classes = tokens.map((token) => lexicon.get(token) ?? 0);
  let negated = -1;
  for (const [at, bits] of classes.entries()) {
    if (bits === 0) {
      countMark(tokens[at], at, count);
      continue;
    }
    const turned = at <= negated;
    if (bits & NOT) {
      count(F.not, at);
      negated = at + NEGATION_REACH;
    }
    if (bits & (POS | NEG)) count(((bits & POS) === 0) !== turned ? F.neg : F.pos, at);
    if (bits & MOVES) count(direction(classes, at, ((bits & UP) !== 0) !== turned), at);
    if (bits & HEDGE) count(F.hedge, at);
    if (bits & ROUTINE) count(F.routine, at);
  }
  for (const [at, bits] of classes.entries()) {
    if (bits & VERSUS) compare(tokens, classes, at, count);
  }
  weigh(counts);
  return { counts: counts.map((number) => Math.min(number, CAP)), owners };
}

function countMark(token: string, at: number, count: Count): void {
  const first = token[0];
  if (token.endsWith("%")) count(first === "+" ? F.plus : first === "-" ? F.minus : F.percent, at);
  else if (first === "?") count(F.question, at);
  else if ((first === "$" && !isDigit(token[1])) || first === "#") count(F.tags, at);
}

function direction(classes: readonly number[], at: number, up: boolean): number {
  const thing = thingNear(classes, at);
  if (thing === 0) return up ? F.bareUp : F.bareDown;
  if (thing & GOOD) return up ? F.goodUp : F.goodDown;
  return up ? F.badUp : F.badDown;
}

function thingNear(classes: readonly number[], at: number): number {
  for (let distance = 1; distance <= REACH_BACK; distance++) {
    if (distance <= at && classes[at - distance] & THINGS) return classes[at - distance];
    if (distance <= REACH_ON && at + distance < classes.length) {
      if (classes[at + distance] & THINGS) return classes[at + distance];
    }
  }
  return 0;
}

function compare(
  tokens: readonly string[],
  classes: readonly number[],
  at: number,
  count: Count,
): void {
  const now = figure(tokens, at - 1, Math.max(at - COMPARED_WITHIN, 0), -1);
  const then = figure(tokens, at + 1, Math.min(at + COMPARED_WITHIN, tokens.length - 1), 1);
  if (now === null || then === null || now === then) return;
  let thing = GOOD;
  for (let before = at - 1; before >= 0; before--) {
    if (classes[before] & THINGS) {
      thing = classes[before];
      break;
    }
  }
  if (thing & GOOD) count(now > then ? F.above : F.below, at);
  else count(now > then ? F.badAbove : F.badBelow, at);
}

/** The first amount between two tokens; percentages, years and dates do not count. */
function figure(
  tokens: readonly string[],
  first: number,
  last: number,
  step: 1 | -1,
): number | null {
  for (let at = first; step > 0 ? at <= last : at >= last; at += step) {
    const digits = tokens[at].replace(/^[+$-]+/, "");
    if (!isDigit(digits[0]) || digits.endsWith("%")) continue;
    if (digits.split(".").length > 2) continue;
    const value = Number(digits.replaceAll(",", ""));
    if (!digits.includes(".") && FIRST_YEAR <= value && value <= LAST_YEAR) continue;
    return value * (UNITS.get(tokens[at + 1] ?? "") ?? 1);
  }
  return null;
}

function weigh(counts: number[]): void {
  const sum = (...features: number[]) =>
    features.reduce((total, feature) => total + counts[feature], 0);
  const good = sum(F.pos, F.goodUp, F.badDown, F.plus, F.above, F.badBelow);
  const bad = sum(F.neg, F.goodDown, F.badUp, F.minus, F.below, F.badAbove);
  counts[F.moreGood] = Number(good > bad);
  counts[F.moreBad] = Number(bad > good);
  counts[F.neither] = Number(good === 0 && bad === 0);
}
