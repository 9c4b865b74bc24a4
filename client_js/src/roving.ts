/** The step of each arrow key. */
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

export interface RovingOptions {
  /** The elements that can have the focus. */
  items: string;
  /** Rows of several items: up and down then go to the first item of another row. */
  rows?: string;
  /** The item that Tab stops at before any was left; the first by default. */
  start?: "first" | "last";
}

/**
 * Makes the items within an element one stop of the Tab key: the arrow keys, Home and End walk
 * through them, and Tab returns to the one that was left.
 */
export class Roving {
  private current: HTMLElement | null = null;

  constructor(
    private readonly parent: HTMLElement,
    private readonly options: RovingOptions,
  ) {
    parent.addEventListener("focusin", ({ target }) => {
      const item = target instanceof Element && target.closest<HTMLElement>(options.items);
      if (item) this.setCurrent(item);
    });
    parent.addEventListener("keydown", (event) => this.key(event));
    this.refresh();
  }

  /** The items have changed. */
  refresh(): void {
    const items = this.items();
    const isKept = this.current !== null && items.includes(this.current);
    const start = this.options.start === "last" ? items.length - 1 : 0;
    const kept = isKept ? this.current : items[start];
    for (const item of items) item.tabIndex = item === kept ? 0 : -1;
    this.current = kept ?? null;
  }

  /** Let Tab stop at `item`. */
  setCurrent(item: HTMLElement): void {
    if (this.current !== item && this.current !== null) this.current.tabIndex = -1;
    item.tabIndex = 0;
    this.current = item;
  }

  private items(): HTMLElement[] {
    const found = this.parent.querySelectorAll<HTMLElement>(this.options.items);
    return [...found].filter((item) => !item.hidden);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { rows } = this.options;
    const isVertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const to = rows !== undefined && isVertical ? this.row(rows, event.key) : this.item(event.key);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private item(key: string): HTMLElement | undefined {
    const items = this.items();
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return undefined;
    if (key === "Home") return items[0];
    if (key === "End") return items[items.length - 1];
    return items[at + (STEPS[key] ?? Number.NaN)];
  }

  private row(selector: string, key: string): HTMLElement | undefined {
    const from = document.activeElement?.closest(selector);
    if (!from || !this.parent.contains(from)) return undefined;
    const rows = [...this.parent.querySelectorAll(selector)];
    const ahead = key === "ArrowDown" ? rows : rows.reverse();
    const others = ahead.slice(ahead.indexOf(from) + 1);
    const { items } = this.options;
    return (
      others.map((row) => row.querySelector<HTMLElement>(items)).find((item) => item !== null) ??
      undefined
    );
  }
}
