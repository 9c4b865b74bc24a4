import { moveTo } from "../dom";
import { Separator } from "../separator";
import type { PaneSize } from "./geometry";
import { leastMainRows, leastRows } from "./pane-rows";
import type { PaneLayout, SubPane } from "./sub-panes";

/** The heights of panes as they were chosen. */
export interface ChosenHeights {
  /** Shares of the chart's height, by the names of the panes. */
  readonly heights: Map<string, number>;
  /** Lay the panes out anew. */
  redraw(): void;
  /** A movement of a border is complete. */
  heightsChanged(): void;
}

/** The bars on the upper edges of the panes below the candles, which move them. */
export class PaneBorders {
  private readonly bars = new Map<string, Separator>();
  private layout: PaneLayout = { height: 1, line: 1, panes: [] };
  private size: PaneSize = { width: 1, height: 1, ratio: 1 };

  constructor(
    private readonly parent: HTMLElement,
    private readonly chosen: ChosenHeights,
  ) {}

  /** Place a bar on each border. */
  place(layout: PaneLayout, size: PaneSize): void {
    this.layout = layout;
    this.size = size;
    this.clear();
    const { ratio } = size;
    layout.panes.forEach((pane, index) => {
      const bar = this.barOf(pane.name);
      moveTo(bar.element, 0, (pane.top - layout.line / 2) / ratio);
      const [value, least, most] = this.limits(index).map((rows) => rows / ratio);
      bar.show({ label: labelOf(pane), value, least, most });
    });
  }

  /** Remove the bars of panes that are gone. */
  private clear(): void {
    for (const [name, { element }] of this.bars) {
      if (this.layout.panes.some((pane) => pane.name === name)) continue;
      element.remove();
      this.bars.delete(name);
    }
  }

  private barOf(name: string): Separator {
    const known = this.bars.get(name);
    if (known !== undefined) return known;
    const bar = new Separator({
      className: "pane-border",
      orientation: "horizontal",
      onMove: (value) => this.move(name, value * this.size.ratio),
      onReset: () => this.reset(name),
      onDone: () => this.chosen.heightsChanged(),
    });
    // The pane would pan, and show its newest candle at a double click.
    for (const press of ["pointerdown", "dblclick"]) {
      bar.element.addEventListener(press, (event) => event.stopPropagation());
    }
    this.bars.set(name, bar);
    this.parent.append(bar.element);
    return bar;
  }

  /** Rows above the border: as they are, at least and at most. */
  private limits(index: number): [number, number, number] {
    const { layout, size } = this;
    const count = layout.panes.length;
    const above = this.rowsAbove(index);
    const below = rowsOf(layout, index);
    const leastBelow = Math.min(leastRows(count, size), below);
    const leastAbove = index === 0 ? leastMainRows(size) : leastRows(count, size);
    return [above, Math.min(leastAbove, above), above + below - leastBelow];
  }

  private rowsAbove(index: number): number {
    return index === 0 ? this.layout.height : rowsOf(this.layout, index - 1);
  }

  /** Give the pane above a border `rows`, and take them from the pane below it, or the reverse. */
  private move(name: string, rows: number): void {
    const index = this.indexOf(name);
    if (index === -1) return;
    const { layout, size } = this;
    const both = this.rowsAbove(index) + rowsOf(layout, index);
    const above = Math.round(rows);
    this.choose(index, (both - above) / size.height);
    if (index > 0) this.choose(index - 1, above / size.height);
    this.chosen.redraw();
  }

  /** Return the panes at a border to their usual heights. */
  private reset(name: string): void {
    const index = this.indexOf(name);
    for (const each of [index - 1, index]) {
      this.chosen.heights.delete(this.layout.panes[each]?.name ?? "");
    }
    this.chosen.redraw();
  }

  private choose(index: number, share: number): void {
    this.chosen.heights.set(this.layout.panes[index].name, share);
  }

  private indexOf(name: string): number {
    return this.layout.panes.findIndex((pane) => pane.name === name);
  }
}

function labelOf({ name, series }: SubPane): string {
  return `Border above ${series.map(({ title }) => title).join(", ") || name}`;
}

/** Rows of a pane below the candles, its line included. */
function rowsOf({ panes, line }: PaneLayout, index: number): number {
  return panes[index].bottom - panes[index].top + line;
}
