import { expect, test } from "vitest";
import { statusWords } from "../src/app/session-stats";
import type { TradingStatus } from "../src/feed/payloads";

const status = (name: string, reason = "none"): TradingStatus => ({
  symbol: "ESU4",
  status: name,
  halted: name === "halt",
  reason,
  event: "none",
  is_trading: null,
  is_quoting: null,
  is_short_sell_restricted: null,
  timestamp: 0,
  ts_event: "0",
});

test("a trading status is said in words, unless the symbol trades", () => {
  expect(statusWords(null)).toBe("");
  expect(statusWords(status("trading", "scheduled"))).toBe("");
  expect(statusWords(status("none"))).toBe("");
  expect(statusWords(status("pre_open", "scheduled"))).toBe("Pre open");
  expect(statusWords(status("halt", "market_wide_halt_level1"))).toBe(
    "Halt: market wide halt level1",
  );
});
