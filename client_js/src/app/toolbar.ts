import type { Chart } from "../chart/chart";
import type { MarketFeed } from "../feed/feed";
import type { KernelIndicators } from "../indicators/kernel-indicators";
import type { AlertPanelHandlers } from "./alert-panel";
import { Alerts } from "./alerts";
import { Compare } from "./compare";
import type { Drawings } from "./drawings";
import { Indicators } from "./indicators";
import type { Shortcut } from "./keys";
import { Magnet } from "./magnet";
import { OnDemand } from "./on-demand";
import type { PeerCandles } from "./peer-candles";
import { ProfileSwitch } from "./profile-switch";
import { Python } from "./python";
import { ScaleSelect } from "./scale-select";
import { Toasts } from "./toasts";

export interface ToolbarOptions extends AlertPanelHandlers {
  kernels: KernelIndicators;
  /** The indicators that the page's address names; null for those kept. */
  indicators: string | null;
  /** The symbols of the market. */
  symbols(): Iterable<string>;
  /** The candles of other symbols, and those to compare that the page's address names. */
  peers: PeerCandles;
  compare: string | null;
  /** Called with a sentence if something that was asked for cannot be done. */
  onFailure(reason: string): void;
  /** Called with a sentence when something that the page does not show otherwise has been done. */
  onDone(told: string): void;
  /** The user has changed something that the page's address holds. */
  onEdited(): void;
  /** The user has chosen other symbols to compare. */
  onCompared(): void;
}

/** The tools above the chart. */
export class Toolbar {
  readonly indicators: Indicators;
  readonly scale: ScaleSelect;
  readonly compare: Compare;
  readonly alerts: Alerts;
  private readonly magnet: Magnet;
  private readonly drawings: OnDemand<Drawings>;

  constructor(chart: Chart, feed: MarketFeed, options: ToolbarOptions) {
    const { onFailure, onEdited } = options;
    const toasts = new Toasts();
    this.indicators = new Indicators(chart, options.indicators, {
      symbols: () => options.symbols(),
      onFailure,
      onEdited,
    });
    new ProfileSwitch(chart, options.kernels);
    this.scale = new ScaleSelect(chart, onEdited);
    this.compare = new Compare(chart, options.peers, options.compare, {
      symbols: () => options.symbols(),
      onEdited: () => options.onCompared(),
      onDrawn: () => this.scale.refresh(),
      onFailure,
    });
    new Python(chart, onFailure);
    this.alerts = new Alerts(chart, feed, toasts, options, onFailure);
    this.magnet = new Magnet(chart, options.onDone);
    // On demand: the tools are a large part of the page, and it can be read without them.
    this.drawings = new OnDemand(
      async () => new (await import("./drawings")).Drawings(chart, toasts),
      "Nothing can be drawn",
      onFailure,
    );
    void this.drawings.start();
    const exporting = new OnDemand(
      async () => new (await import("./export-menu")).ExportMenu(chart, toasts),
      "Nothing can be exported",
      onFailure,
    );
    void exporting.start();
  }

  get shortcuts(): Shortcut[] {
    return [
      { keys: ["i"], does: "Indicators", run: () => this.indicators.openMenu() },
      { keys: ["l"], does: "Scale: linear, log, percent", run: () => this.scale.next() },
      { keys: ["c"], does: "Compare symbols", run: () => this.compare.open() },
      { keys: ["n"], does: "Price alerts", run: () => this.alerts.openPanel() },
      {
        keys: ["d"],
        does: "Draw",
        run: () => this.drawings.use((drawings) => drawings.openPanel()),
      },
      { keys: ["m"], does: "Magnet of crosshair and drawings", run: () => this.magnet.toggle() },
    ];
  }
}
