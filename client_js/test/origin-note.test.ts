import { expect, test } from "vitest";
import { originNote } from "../src/app/origin-note";
import type { Headline, Origin } from "../src/feed/payloads";

const headlines = (...origins: Origin[]) =>
  origins.map(
    (origin, id): Headline => ({
      ...{ id: String(id), title: "", summary: "", url: "", source: "", published: 0, symbols: [] },
      origin,
    }),
  );

test.each<[Origin[], Origin | null, string]>([
  [[], "replay", ""],
  [["live"], "live", ""],
  [["live"], null, ""],
  [["live"], "replay", "These headlines are real; the prices are a recording of a real market."],
  [["live"], "simulated", "These headlines are real; the prices are simulated."],
  [["simulated"], "simulated", "These headlines are simulated, as the prices are."],
  [
    ["simulated"],
    "replay",
    "These headlines and their sentiment are simulated; the prices are a recording of a real market.",
  ],
  [
    ["simulated", "live"],
    "live",
    "Some of these headlines and their sentiment are simulated; the prices are live.",
  ],
  [["simulated"], null, "These headlines and their sentiment are simulated."],
])("%j beside prices that are %s", (origins, ticks, note) => {
  expect(originNote(headlines(...origins), ticks)).toBe(note);
});
