import type { Bars, Trades } from "./bar-columns";
import type { Resolved } from "./params";
import type { Change } from "./result-columns";
import type { ProfileBins } from "./volume-profile";

/** A page's request to its worker. The page chooses the numeric ids and uses each once. */
export type Request =
  | { type: "start"; wasm: string | WebAssembly.Module; shared: boolean }
  | { type: "open"; history: number }
  /** From row `from` on, the bars are these. */
  | { type: "bars"; history: number; from: number; bars: Bars }
  | { type: "trades"; history: number; intervalNs: bigint; trades: Trades }
  | { type: "close"; history: number }
  /** `other`: the history of the other symbol, for an indicator of two. */
  | { type: "add"; history: number; indicator: number; resolved: Resolved; other?: number | null }
  | { type: "remove"; indicator: number }
  | { type: "profile"; history: number; id: number; bins: ProfileBins }
  /** Answered when all earlier requests are done. */
  | { type: "settle"; id: number };

/** A worker's report to its page. */
export type Report =
  /** A history has changed, and with it all that is computed from it. */
  | { type: "results"; history: number; changes: Change[]; data: Float64Array<ArrayBuffer> }
  /** The indicator was refused; `reason` is a sentence. */
  | { type: "refused"; history: number; indicator: number; reason: string }
  | { type: "profile"; id: number; data: Float64Array<ArrayBuffer> }
  /** A profile cannot be computed; `reason` is a sentence. */
  | { type: "declined"; id: number; reason: string }
  | { type: "settled"; id: number }
  /** The worker cannot continue; `reason` is a sentence. */
  | { type: "failed"; reason: string };

/** The buffers of bars or trades to transfer with a request. */
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
