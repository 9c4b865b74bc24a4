import { el, setData, setText } from "../dom";
import { compact, padDecimals, percent } from "../format/decimal";
import { changeOf, type SymbolState, trendOf } from "./symbols";

const WIDTH = 56;
const HEIGHT = 18;
const SVG = "http://www.w3.org/2000/svg";

/** One symbol of the watch list. */
export class WatchRow {
  readonly element: HTMLElement;
  private readonly raw = el("span", "watch-raw");
  private readonly last = cell("watch-last");
  private readonly change = cell("watch-change");
  private readonly volume = cell("watch-volume");
  private readonly spark = document.createElementNS(SVG, "svg");
  private readonly line = document.createElementNS(SVG, "path");

  constructor(
    readonly symbol: string,
    onChoose: () => void,
  ) {
    this.spark.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.spark.setAttribute("preserveAspectRatio", "none");
    this.spark.setAttribute("class", "spark");
    this.spark.setAttribute("aria-hidden", "true");
    this.line.setAttribute("vector-effect", "non-scaling-stroke");
    this.spark.append(this.line);
    const spark = cell("watch-spark");
    spark.append(this.spark);
    const name = el("span", "watch-name", { role: "rowheader" }, symbol, this.raw);
    const cells = [name, spark, this.last, this.change, this.volume];
    this.element = el("div", "watch-row", { role: "row", tabindex: "-1" }, ...cells);
    this.element.addEventListener("click", onChoose);
  }

  setSelected(selected: boolean): void {
    this.element.setAttribute("aria-selected", String(selected));
  }

  /** Show the figures; returns the length of the last price. */
  fill(state: SymbolState): number {
    const { raw, last, decimals, rising, volume } = state;
    setText(this.raw, raw && ` ${raw}`);
    const price = last === null ? "—" : padDecimals(last, decimals);
    setText(this.last, price);
    if (rising !== null) setData(this.last, "trend", rising ? "up" : "down");
    const change = changeOf(state);
    setText(this.change, change === null ? "" : percent(change));
    setData(this.change, "trend", trendOf(change));
    setText(this.volume, volume === null ? "" : compact(volume));
    return price.length;
  }

  /** Draw the sparkline. */
  draw(state: SymbolState): void {
    this.line.setAttribute("d", state.closes.path(WIDTH, HEIGHT));
    this.spark.dataset["trend"] = trendOf(changeOf(state));
  }
}

function cell(name: string): HTMLElement {
  return el("span", name, { role: "gridcell" });
}
