import { Emitter } from "../chart/emitter";
import { newId } from "../id";
import { checkedDrawing, type Drawing, type DrawingInput } from "./drawing";
import { Versions } from "./versions";

/** The events of a book. */
export interface DrawingBookEvents {
  /** Drawings were added, changed or removed; the symbol, or null if those of several. */
  change: string | null;
}

/** Serialized drawings. */
interface Kept {
  version: 1;
  drawings: readonly Drawing[];
}

const NONE: readonly Drawing[] = [];

const VERSION = 1;
const MAX_PER_SYMBOL = 500;

/** The drawings of any number of symbols; each edit can be undone, symbol by symbol. */
export class DrawingBook {
  private readonly symbols = new Map<string, Versions<Drawing[]>>();
  private readonly events = new Emitter<DrawingBookEvents>(["change"]);

  /** All drawings, symbol by symbol. */
  get all(): readonly Drawing[] {
    return [...this.symbols.values()].flatMap(({ value }) => value);
  }

  /** The drawings of one symbol, in the order in which they were added. */
  of(symbol: string): readonly Drawing[] {
    return this.symbols.get(symbol)?.value ?? NONE;
  }

  /** Add a drawing. Throws TypeError or RangeError that names the field, or the limit of 500. */
  add(given: DrawingInput): Drawing {
    const drawing = this.distinct(checkedDrawing({ id: newId(), ...given }));
    this.put([drawing]);
    return drawing;
  }

  /** Change a drawing; returns false if there is none with that id. Throws as `add` does. */
  change(id: string, changes: Partial<Pick<Drawing, "anchors" | "color">>): boolean {
    const known = this.find(id);
    if (known !== undefined) this.put([checkedDrawing({ ...known, ...changes })]);
    return known !== undefined;
  }

  /** Remove a drawing; returns whether there was one with that id. */
  remove(id: string): boolean {
    const known = this.find(id);
    if (known === undefined) return false;
    const { symbol } = known;
    this.set(
      symbol,
      this.of(symbol).filter((each) => each.id !== id),
    );
    this.events.emit("change", symbol);
    return true;
  }

  /** Remove all drawings of a symbol. */
  clear(symbol: string): void {
    if (this.of(symbol).length === 0) return;
    this.set(symbol, []);
    this.events.emit("change", symbol);
  }

  canUndo(symbol: string): boolean {
    return this.symbols.get(symbol)?.canUndo ?? false;
  }

  canRedo(symbol: string): boolean {
    return this.symbols.get(symbol)?.canRedo ?? false;
  }

  /** Take the last edit of a symbol's drawings back; returns false if there is none. */
  undo(symbol: string): boolean {
    return this.told(symbol, this.symbols.get(symbol)?.undo());
  }

  /** Do what was undone last again; returns false if there is nothing. */
  redo(symbol: string): boolean {
    return this.told(symbol, this.symbols.get(symbol)?.redo());
  }

  /** Serialize all drawings, or those of one symbol, to text that `read` and `import` accept. */
  write(symbol?: string): string {
    const drawings = symbol === undefined ? this.all : this.of(symbol);
    const kept: Kept = { version: VERSION, drawings };
    return JSON.stringify(kept);
  }

  /**
   * Replace all drawings by those of a text; edits before can no longer be undone. Throws with the
   * reason, and then changes nothing.
   */
  read(text: string): void {
    const groups = [...bySymbol(drawingsOf(text))];
    for (const [, group] of groups) checkNumber(group);
    this.symbols.clear();
    for (const [symbol, group] of groups) this.symbols.set(symbol, new Versions(group));
    this.events.emit("change", null);
  }

  /**
   * Add the drawings of a text, in place of those with the same ids; returns how many there were.
   * It can be undone. Throws as `read` does.
   */
  import(text: string): number {
    const drawings = drawingsOf(text).map((each) => this.distinct(each));
    this.put(drawings);
    return drawings.length;
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof DrawingBookEvents>(
    event: E,
    listener: (told: DrawingBookEvents[E]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  private find(id: string): Drawing | undefined {
    return this.all.find((each) => each.id === id);
  }

  /** The drawing, under a new id if one of another symbol has its id. */
  private distinct(drawing: Drawing): Drawing {
    const known = this.find(drawing.id);
    if (known === undefined || known.symbol === drawing.symbol) return drawing;
    return { ...drawing, id: newId() };
  }

  private put(drawings: readonly Drawing[]): void {
    const groups = [...bySymbol(drawings)].map(([symbol, group]): [string, Drawing[]] => [
      symbol,
      merged(this.of(symbol), group),
    ]);
    for (const [, group] of groups) checkNumber(group);
    for (const [symbol, group] of groups) this.set(symbol, group);
    const [one, ...others] = groups;
    if (one !== undefined) this.events.emit("change", others.length === 0 ? one[0] : null);
  }

  private set(symbol: string, drawings: Drawing[]): void {
    const versions = this.symbols.get(symbol) ?? new Versions<Drawing[]>([]);
    versions.set(drawings);
    this.symbols.set(symbol, versions);
  }

  private told(symbol: string, isDone = false): boolean {
    if (isDone) this.events.emit("change", symbol);
    return isDone;
  }
}

/** The drawings of a serialized text, later ones in place of those with the same ids. */
function drawingsOf(text: string): Drawing[] {
  let kept: Partial<Kept> | null;
  try {
    kept = JSON.parse(text);
  } catch (problem) {
    throw new SyntaxError(`the text is not JSON (${(problem as Error).message})`);
  }
  const { version, drawings } = kept ?? {};
  if (!Array.isArray(drawings)) throw new TypeError('the text has no list "drawings"');
  if (version !== VERSION) {
    throw new TypeError(`the version of the drawings must be ${VERSION}, not ${version}`);
  }
  const checked = drawings.map((each, at) => {
    try {
      return checkedDrawing(each);
    } catch (problem) {
      throw new TypeError(`drawing ${at + 1}: ${(problem as Error).message}`);
    }
  });
  return merged([], checked);
}

function merged(before: readonly Drawing[], added: readonly Drawing[]): Drawing[] {
  const byId = new Map([...before, ...added].map((each) => [each.id, each]));
  return [...byId.values()];
}

function bySymbol(drawings: readonly Drawing[]): Map<string, Drawing[]> {
  const groups = new Map<string, Drawing[]>();
  for (const each of drawings) {
    const group = groups.get(each.symbol);
    if (group === undefined) groups.set(each.symbol, [each]);
    else group.push(each);
  }
  return groups;
}

function checkNumber(drawings: readonly Drawing[]): void {
  if (drawings.length <= MAX_PER_SYMBOL) return;
  throw new RangeError(
    `${drawings[0].symbol} would have ${drawings.length} drawings; it can have ${MAX_PER_SYMBOL}`,
  );
}
