import type { Bars, Trades } from "./bar-columns";
import type { Resolved } from "./params";
import type { Change } from "./result-columns";

/** What a page tells its worker. Numbers that name things are the page's choice, each used once. */
export type Request =
  | { type: "start"; wasm: string | WebAssembly.Module; shared: boolean }
  | { type: "open"; history: number }
  /** From row `from` on, the bars are these. */
  | { type: "bars"; history: number; from: number; bars: Bars }
  | { type: "trades"; history: number; intervalNs: bigint; trades: Trades }
  | { type: "close"; history: number }
  | { type: "add"; history: number; indicator: number; resolved: Resolved }
  | { type: "remove"; indicator: number }
  /** Answered when everything before it is done. */
  | { type: "settle"; id: number };

/** What the worker tells its page. */
export type Report =
  | { type: "results"; history: number; changes: Change[]; data: Float64Array<ArrayBuffer> }
  /** There is no such indicator now; a sentence says why. */
  | { type: "refused"; history: number; indicator: number; reason: string }
  | { type: "settled"; id: number }
  /** It cannot go on; a sentence says why. */
  | { type: "failed"; reason: string };

/** Arrays of bars or trades that may change owner with the message. */
export function transferOf(request: Request): ArrayBuffer[] {
  const columns: (Float64Array | BigInt64Array)[] =
    request.type === "bars"
      ? Object.values(request.bars)
      : request.type === "trades"
        ? Object.values(request.trades)
        : [];
  const buffers = columns.map(({ buffer }) => buffer).filter((each) => each instanceof ArrayBuffer);
  return [...new Set(buffers)];
}
