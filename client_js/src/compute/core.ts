import { Arena, OutOfRoom } from "./arena";
import { BarColumns } from "./bar-columns";
import { Calculation } from "./calculation";
import type { KernelExports } from "./generated/bindings";
import type { Report, Request } from "./messages";
import { PairedColumns } from "./paired-columns";
import {
  type Change,
  Packer,
  type ResultWriter,
  SharedWriter,
  TransferWriter,
} from "./result-columns";
import { computeProfile, type ProfileBins } from "./volume-profile";

/** Pages of 64 kB that the kernels' memory grows to at most: 1 GB. */
const MOST_PAGES = 16_384;

/** One indicator: its calculation and its result columns. */
interface Kept {
  calculation: Calculation;
  writer: ResultWriter;
  /** The prices of the other symbol, for an indicator of two. */
  pair: PairedColumns | null;
}

type AddRequest = Request & { type: "add" };

/** The bars of one symbol and interval, and the indicators over them. */
interface History {
  bars: BarColumns;
  /** Times and prices as the page reads them. */
  writer: ResultWriter;
  indicators: Map<number, Kept>;
}

/**
 * The worker's logic, without the worker: requests in, reports out. All bars, states and results
 * live in a WebAssembly memory of its own.
 */
export class ComputeCore {
  private readonly arena: Arena;
  private readonly kernels: KernelExports;
  private readonly histories = new Map<number, History>();

  /** `shared`: write results to shared memory instead of sending them. */
  constructor(
    module: WebAssembly.Module,
    private readonly shared: boolean,
    mostPages = MOST_PAGES,
  ) {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: mostPages });
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.kernels = instance.exports as unknown as KernelExports;
    this.arena = new Arena(memory);
  }

  /** Bytes of the kernels' memory. */
  get memoryBytes(): number {
    return this.arena.memory.buffer.byteLength;
  }

  /** Carry out a request; returns the report for the page, if any. */
  take(request: Request): Report | null {
    switch (request.type) {
      case "open":
        this.open(request.history);
        return null;
      case "bars": {
        const history = this.histories.get(request.history);
        if (history === undefined) return null; // closed since the page sent it
        history.bars.replace(request.from, request.bars);
        return this.recompute(request.history, history, request.from);
      }
      case "trades": {
        const history = this.histories.get(request.history);
        if (history === undefined) return null;
        const from = history.bars.fold(request.trades, request.intervalNs);
        return this.recompute(request.history, history, from);
      }
      case "add":
        return this.addOrRefuse(request);
      case "remove":
        this.remove(request.indicator);
        return null;
      case "close":
        this.close(request.history);
        return null;
      case "profile":
        return this.profile(request.history, request.id, request.bins);
      case "settle":
        return { type: "settled", id: request.id };
      case "start":
        return null;
    }
  }

  private open(id: number): void {
    const bars = new BarColumns(this.arena, this.kernels);
    this.histories.set(id, { bars, writer: this.writer(id), indicators: new Map() });
  }

  private recompute(id: number, history: History, from: number): Report {
    const data = new Packer();
    const changes = [history.writer.write(from, history.bars.rows(from), data)];
    for (const kept of history.indicators.values()) changes.push(compute(kept, from, data));
    for (const { kept, count } of this.pairsWith(history)) {
      const row = kept.pair.rowAfter(from);
      if (row < count) changes.push(compute(kept, row, data));
    }
    return { type: "results", history: id, changes, data: data.pack() };
  }

  /** The indicators of other histories that are computed from this one as well. */
  private *pairsWith(history: History) {
    for (const each of this.histories.values()) {
      if (each === history) continue;
      for (const [id, kept] of each.indicators) {
        const { pair } = kept;
        if (pair?.other !== history.bars) continue;
        yield { id, kept: { ...kept, pair }, count: each.bars.count };
      }
    }
  }

  private addOrRefuse(request: AddRequest): Report | null {
    const { history, indicator } = request;
    try {
      return this.add(request);
    } catch (error) {
      if (!(error instanceof OutOfRoom)) throw error;
      this.remove(indicator);
      return { type: "refused", history, indicator, reason: error.message };
    }
  }

  private add({ history: id, indicator, resolved, other = null }: AddRequest): Report | null {
    const history = this.histories.get(id);
    const second = other === null ? null : this.histories.get(other);
    if (history === undefined || second === undefined) return null;
    const { bars } = history;
    const source = resolved.source ?? "close";
    const pair = second && new PairedColumns(this.arena, bars, second.bars, source);
    const calculation = new Calculation(this.arena, pair ?? bars, this.kernels, resolved);
    const kept = { calculation, writer: this.writer(indicator), pair };
    history.indicators.set(indicator, kept);
    const data = new Packer();
    const changes = [compute(kept, 0, data)];
    return { type: "results", history: id, changes, data: data.pack() };
  }

  private remove(indicator: number): void {
    for (const { indicators } of this.histories.values()) {
      dispose(indicators.get(indicator));
      indicators.delete(indicator);
    }
  }

  private profile(history: number, id: number, bins: ProfileBins): Report {
    const kept = this.histories.get(history);
    if (kept === undefined) return { type: "declined", id, reason: "the history was closed" };
    try {
      const data = computeProfile(this.arena, this.kernels, kept.bars, bins);
      return { type: "profile", id, data };
    } catch (error) {
      if (!(error instanceof OutOfRoom)) throw error;
      return { type: "declined", id, reason: error.message };
    }
  }

  private close(id: number): void {
    const history = this.histories.get(id);
    if (history === undefined) return;
    for (const { id: indicator } of this.pairsWith(history)) this.remove(indicator);
    for (const kept of history.indicators.values()) dispose(kept);
    history.bars.dispose();
    this.histories.delete(id);
  }

  private writer(set: number): ResultWriter {
    return this.shared ? new SharedWriter(set) : new TransferWriter(set);
  }
}

function dispose(kept: Kept | undefined): void {
  kept?.calculation.dispose();
  kept?.pair?.dispose();
}

function compute({ calculation, writer, pair }: Kept, from: number, data: Packer): Change {
  let change: Change | null = null;
  pair?.align(from);
  calculation.update(from, (first, results) => {
    change = writer.write(first, results, data);
  });
  if (change === null) throw new Error("a calculation gave no results");
  return change;
}
