import type { Chart } from "../chart/chart";
import type { Choice } from "../indicators/series";
import type { IndicatorMenu } from "./indicator-menu";
import { IndicatorSet, paramsOf } from "./indicator-set";
import { readIndicators, writeIndicators } from "./indicator-text";
import { OnDemand } from "./on-demand";
import { recall, remember } from "./settings";

export interface IndicatorsHandlers {
  /** The symbols of the market. */
  symbols(): Iterable<string>;
  /** Called with a sentence if an indicator that was asked for does not exist, or the menu fails. */
  onFailure(reason: string): void;
  /** The user has changed the choice. */
  onEdited(): void;
}

/** The page's indicators: those chosen in the menu, on the chart. */
export class Indicators {
  private readonly set = new IndicatorSet();
  private readonly menu: OnDemand<IndicatorMenu>;

  /** `asked` are the indicators that the page's address names; null for those kept. */
  constructor(
    private readonly chart: Chart,
    asked: string | null,
    private readonly handlers: IndicatorsHandlers,
  ) {
    this.set.read(recall("indicators"));
    // Those kept have colours, too.
    if (asked !== null && asked !== this.text) this.replace(asked);
    this.menu = new OnDemand(
      () => this.makeMenu(),
      "The indicators cannot be listed",
      (reason) => handlers.onFailure(reason),
    );
    void this.menu.start();
    for (const choice of this.set.all) this.draw(choice);
  }

  /** The indicators as the page's address holds them. */
  get text(): string {
    return writeIndicators(this.set.all.map(({ resolved }) => resolved));
  }

  openMenu(): void {
    this.menu.use((menu) => menu.open());
  }

  private async makeMenu(): Promise<IndicatorMenu> {
    const { chart, handlers } = this;
    const { IndicatorMenu } = await import("./indicator-menu");
    const menu = new IndicatorMenu(this.set, {
      symbols: () => handlers.symbols(),
      shownSymbol: () => chart.symbol,
      onChange: (choice) => this.draw(choice),
      onRemove: (id) => void chart.removeIndicator(id),
      onEdited: () => {
        remember("indicators", this.set.write());
        handlers.onEdited();
      },
    });
    menu.render();
    return menu;
  }

  private replace(text: string): void {
    const { found, faults } = readIndicators(text);
    for (const { id } of [...this.set.all]) this.set.remove(id);
    for (const { name, params } of found) this.set.add(name, params);
    for (const fault of faults) this.handlers.onFailure(fault);
  }

  private draw({ id, resolved, color }: Choice): void {
    this.chart.setIndicator(resolved.name, paramsOf(resolved), { id, color });
  }
}
