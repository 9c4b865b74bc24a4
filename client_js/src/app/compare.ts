import type { Chart } from "../chart/chart";
import type { ScaleKind } from "../chart/price-scale";
import type { ComparePanel } from "./compare-panel";
import { OnDemand } from "./on-demand";
import type { PeerCandles } from "./peer-candles";
import { recall, remember } from "./settings";

export interface CompareHandlers {
  /** The symbols of the market. */
  symbols(): Iterable<string>;
  /** The user has chosen other symbols. */
  onEdited(): void;
  /** The lines on the chart are others, and so its scale may be. */
  onDrawn(): void;
  /** Called with a sentence if something that was asked for cannot be compared. */
  onFailure(reason: string): void;
}

/** The symbols that the chart is compared with: those of the address, of the last visit, or chosen. */
export class Compare {
  private wanted: readonly string[];
  private readonly panel: OnDemand<ComparePanel>;

  /** `asked` are the symbols that the page's address names; null for those kept. */
  constructor(
    private readonly chart: Chart,
    peers: PeerCandles,
    asked: string | null,
    private readonly handlers: CompareHandlers,
  ) {
    this.wanted = readSymbols(asked ?? recall("compare"));
    // On demand: most charts are of one symbol.
    this.panel = new OnDemand(
      () => this.makePanel(peers),
      "Nothing can be compared",
      (reason) => handlers.onFailure(reason),
    );
    void this.panel.start();
  }

  /** The symbols as the page's address holds them: "NQZ6,CLF7". */
  get text(): string {
    return this.wanted.join(",");
  }

  /** The scale without the comparison, which is on the percent scale. */
  get scale(): ScaleKind {
    return this.panel.now?.scale ?? this.chart.scale;
  }

  open(): void {
    this.panel.use((panel) => panel.open());
  }

  /** Show the symbols and the scale that the address names. */
  restore(asked: string | null, scale: ScaleKind): void {
    this.wanted = readSymbols(asked);
    if (this.panel.now === null) this.chart.setScale(scale);
    else this.panel.now.restore(this.wanted, scale);
    this.handlers.onDrawn();
  }

  private async makePanel(peers: PeerCandles): Promise<ComparePanel> {
    const { chart, handlers } = this;
    const { ComparePanel } = await import("./compare-panel");
    const panel = new ComparePanel(chart, peers, {
      symbols: () => handlers.symbols(),
      onEdited: (symbols) => this.edited(symbols),
      onDrawn: () => handlers.onDrawn(),
      onFailure: (reason) => handlers.onFailure(reason),
    });
    panel.show(this.wanted);
    return panel;
  }

  private edited(symbols: readonly string[]): void {
    this.wanted = symbols;
    remember("compare", this.text);
    this.handlers.onEdited();
  }
}

function readSymbols(text: string | null): string[] {
  const names = (text ?? "").split(",").map((each) => each.trim());
  return [...new Set(names)].filter((each) => each !== "");
}
