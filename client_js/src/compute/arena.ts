const PAGE_BYTES = 65_536;
const WORD_BYTES = 8;
/** Memory grows by at least this much, since growing detaches every view. */
const GROWTH_PAGES = 64;

/** The memory has no room for a block. */
export class OutOfRoom extends RangeError {
  override readonly name = "OutOfRoom";
}

/**
 * Blocks of 8-byte words in a WebAssembly memory, whose first page is left to the module. Sizes are
 * rounded up to powers of two, and freed blocks are reused for the same size.
 */
export class Arena {
  private next = PAGE_BYTES;
  private readonly free = new Map<number, number[]>();
  private views: { buffer: ArrayBufferLike; floats: Float64Array; longs: BigInt64Array };

  constructor(readonly memory: WebAssembly.Memory) {
    this.views = viewsOf(memory);
  }

  /** Bytes taken so far, free blocks included. */
  get used(): number {
    return this.next;
  }

  /** The memory as float64 and as int64; not to be held over an `allocate`. */
  get floats(): Float64Array {
    return this.current().floats;
  }

  get longs(): BigInt64Array {
    return this.current().longs;
  }

  /**
   * Allocate a block of at least `words` words, uninitialized; returns its address. Throws
   * `OutOfRoom` without allocating anything.
   */
  allocate(words: number): number {
    const size = sizeOf(words);
    const freed = this.free.get(size)?.pop();
    if (freed !== undefined) return freed;
    const at = this.next;
    const end = at + size * WORD_BYTES;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.grow(missing);
    this.next = end;
    return at;
  }

  /** Free a block that was allocated with `words`. */
  release(at: number, words: number): void {
    const size = sizeOf(words);
    const others = this.free.get(size);
    if (others === undefined) this.free.set(size, [at]);
    else others.push(at);
  }

  /** `length` float64 from address `at` on. */
  view(at: number, length: number): Float64Array {
    return this.floats.subarray(at / WORD_BYTES, at / WORD_BYTES + length);
  }

  zero(at: number, words: number): void {
    this.view(at, words).fill(0);
  }

  copy(to: number, from: number, words: number): void {
    const start = from / WORD_BYTES;
    this.floats.copyWithin(to / WORD_BYTES, start, start + words);
  }

  private grow(pages: number): void {
    for (const wanted of [Math.max(pages, GROWTH_PAGES), pages]) {
      try {
        this.memory.grow(wanted);
        return;
      } catch {
        // beyond the memory's maximum, or the machine's
      }
    }
    throw new OutOfRoom("the kernels' memory is full");
  }

  private current() {
    if (this.views.buffer !== this.memory.buffer) this.views = viewsOf(this.memory);
    return this.views;
  }
}

function sizeOf(words: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(words, 4)));
}

function viewsOf({ buffer }: WebAssembly.Memory) {
  return { buffer, floats: new Float64Array(buffer), longs: new BigInt64Array(buffer) };
}
