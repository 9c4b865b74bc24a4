import { ANCHORS, type Anchor, DEFAULT_COLOR, type Drawing, type DrawingKind } from "./drawing";

/** A drawing in the making: the anchors that are placed, and the next one, which still moves. */
export class Sketch {
  private readonly placed: Anchor[] = [];

  constructor(
    readonly kind: DrawingKind,
    public next: Anchor,
  ) {}

  /** True if the next anchor is the last. */
  get isLast(): boolean {
    return this.placed.length === ANCHORS[this.kind] - 1;
  }

  /** The anchors so far. */
  get anchors(): Anchor[] {
    return [...this.placed, this.next];
  }

  /** True if the drawing would have no extent: both anchors at one place. */
  get isPoint(): boolean {
    const { next } = this;
    return this.placed.some(({ time, price }) => time === next.time && price === next.price);
  }

  /** Place the next anchor; the one after it begins at the same place. */
  place(): void {
    this.placed.push(this.next);
  }

  /** The drawing as it would be now; anchors that are missing are at the next one's place. */
  preview(): Drawing {
    const missing = ANCHORS[this.kind] - this.placed.length;
    const anchors = [...this.placed, ...Array.from({ length: missing }, () => this.next)];
    return { id: "", symbol: "", kind: this.kind, anchors, color: DEFAULT_COLOR };
  }
}
