import { expect, test } from "vitest";
import { MarketClock } from "../src/store/market-clock";

/** A market's clock, and ours, which the test moves. */
function clocks() {
  const ours = { now: 1000 };
  return { ours, clock: new MarketClock(() => ours.now) };
}

const PAST = Date.UTC(2024, 6, 1, 13, 30);

test("the time of a tick goes on as our clock does", () => {
  const { ours, clock } = clocks();
  expect(clock.now()).toBeNull();
  clock.hear(new Date(PAST));
  expect(clock.now()).toBe(PAST);
  ours.now += 2500;
  expect(clock.now()).toBe(PAST + 2500);
});

test("a tick that travelled longer, or came late, does not turn it back", () => {
  const { ours, clock } = clocks();
  clock.hear(PAST);
  ours.now += 5000;
  clock.hear(PAST + 4700);
  expect(clock.now(), "300 ms longer on its way").toBe(PAST + 5000);
  clock.hear(PAST - 20_000);
  expect(clock.now(), "late").toBe(PAST + 5000);
});

test("it follows a market that paused, jumped ahead or began anew", () => {
  const { ours, clock } = clocks();
  clock.hear(PAST);
  ours.now += 40_000;
  clock.hear(PAST + 1000);
  expect(clock.now(), "stood still for 39 s").toBe(PAST + 1000);
  clock.hear(PAST + 3_600_000);
  expect(clock.now(), "plays faster than time passes").toBe(PAST + 3_600_000);
  clock.hear(PAST);
  expect(clock.now(), "plays again from its beginning").toBe(PAST);
});

test("it is not known while no tick comes", () => {
  const { ours, clock } = clocks();
  clock.hear(PAST);
  ours.now += 60_000;
  expect(clock.now()).toBeNull();
  clock.hear(PAST + 100);
  expect(clock.now()).toBe(PAST + 100);
});

test("a time that is none is told, and changes nothing", () => {
  const { clock } = clocks();
  clock.hear(PAST);
  expect(() => clock.hear(Number.NaN)).toThrow(RangeError);
  expect(clock.now()).toBe(PAST);
});
