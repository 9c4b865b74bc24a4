import type { Arena } from "./arena";
import type { Column } from "./bar-columns";
import { type KernelExports, SIGNATURES } from "./generated/bindings";
import type { Resolved } from "./params";
import { specOf } from "./registry";

const WORD_BYTES = 8;
/** Inputs of kernels that take the price of the user's choice. */
const PRICES = new Set(["src", "price", "y"]);

type Call = (...given: (number | bigint)[]) => number;

/** A column of the bars, or the price of another symbol at their times. */
export type InputColumn = Column | "other";

/** The rows that a kernel reads. */
export interface Input {
  readonly count: number;
  /** Rows at the beginning that changes of running bars leave as they are. */
  readonly settled: number;
  /** Address of row `from` of a column. */
  address(column: InputColumn, from: number): number;
}

/** One argument of a kernel: a column, the state, an output, or a number. */
type Argument = { column: InputColumn } | "state" | "out" | number | bigint;

/**
 * One indicator over one history, kept up to date.
 *
 * `state` is the kernel's after all settled rows. Those after them, usually one running bar, are
 * computed on a copy, so that the next tick begins from the same state again. A kernel's batch form is the
 * same call over more bars, so both ways give the same bits.
 */
export class Calculation {
  readonly outputs: number;
  private readonly call: Call;
  private readonly plan: Argument[];
  private readonly words: number;
  private readonly state: number;
  private readonly scratch: number;
  /** Rows that `state` has seen. */
  private seen = 0;

  constructor(
    private readonly arena: Arena,
    private readonly input: Input,
    kernels: KernelExports,
    resolved: Resolved,
  ) {
    const exported = kernels as unknown as Record<string, Call>;
    const kernel = snakeCase(resolved.name);
    this.call = exported[kernel];
    this.plan = planOf(resolved);
    this.outputs = this.plan.filter((each) => each === "out").length;
    this.words = wordsOf(exported[`${kernel}_words`], resolved);
    // Two halves of one block, so that there is room for both or for neither.
    this.state = arena.allocate(2 * this.words);
    this.scratch = this.state + this.words * WORD_BYTES;
    arena.zero(this.state, this.words);
  }

  /**
   * Rows from `from` on have changed. Computes what follows and gives `take` the results of
   * rows `from` to the end, one view per output, valid during the call. Throws `OutOfRoom`.
   */
  update(from: number, take: (from: number, results: Float64Array[]) => void): void {
    const { arena, input } = this;
    if (from < this.seen) this.restart();
    const start = this.seen;
    const settled = Math.max(input.settled, start);
    const length = input.count - start;
    const out = arena.allocate(length * this.outputs);
    this.run(this.state, start, settled, out, length);
    arena.copy(this.scratch, this.state, this.words);
    this.run(this.scratch, settled, input.count, out + (settled - start) * WORD_BYTES, length);
    this.seen = settled;
    // Rows before the first changed one have unchanged results.
    const skipped = Math.max(from - start, 0);
    const results = Array.from({ length: this.outputs }, (_, k) =>
      arena.view(out + (k * length + skipped) * WORD_BYTES, length - skipped),
    );
    take(start + skipped, results);
    arena.release(out, length * this.outputs);
  }

  dispose(): void {
    this.arena.release(this.state, 2 * this.words);
  }

  private restart(): void {
    this.arena.zero(this.state, this.words);
    this.seen = 0;
  }

  /** Run rows [from, to); results go to `out`, each output `stride` words after the one before. */
  private run(state: number, from: number, to: number, out: number, stride: number): void {
    const n = to - from;
    if (n <= 0) return;
    let output = 0;
    const given = this.plan.flatMap((each): (number | bigint)[] => {
      if (each === "state") return [state, this.words];
      if (each === "out") return [out + output++ * stride * WORD_BYTES, n];
      if (typeof each === "object") return [this.input.address(each.column, from), n];
      return [each];
    });
    this.call(...given);
  }
}

function planOf({ name, numbers, source }: Resolved): Argument[] {
  const { params, other } = specOf(name);
  return SIGNATURES[name].parameters.map(([parameter, kind]): Argument => {
    if (parameter === other) return { column: "other" };
    if (kind === "in" || kind === "longIn") return { column: columnOf(parameter, source) };
    if (kind === "state") return "state";
    if (kind === "out") return "out";
    const value = numbers[parameter];
    const { ns } = params[parameter];
    return ns === undefined ? value : BigInt(value) * ns;
  });
}

function columnOf(parameter: string, source: Resolved["source"]): Column {
  return PRICES.has(parameter) ? (source ?? "close") : (parameter as Column);
}

function wordsOf(count: Call | undefined, { name, numbers }: Resolved): number {
  const signature = SIGNATURES[name];
  if (count === undefined || !("wordsOf" in signature)) return 0;
  return count(...signature.wordsOf.map((parameter) => numbers[parameter]));
}

/** Return a kernel's name in the module: "logReturns" is "log_returns". */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
