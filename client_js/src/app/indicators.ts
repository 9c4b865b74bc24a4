import type { Chart } from "../chart/chart";
import type { Choice } from "../indicators/series";
import { IndicatorMenu } from "./indicator-menu";
import { IndicatorSet, paramsOf } from "./indicator-set";
import { keepIndicators, keptIndicators } from "./settings";

/** The page's indicators: those chosen in the menu, on the chart. */
export class Indicators {
  private readonly set = new IndicatorSet();

  constructor(private readonly chart: Chart) {
    this.set.read(keptIndicators());
    const menu = new IndicatorMenu(this.set, {
      onChange: (choice) => this.draw(choice),
      onRemove: (id) => void chart.removeIndicator(id),
      onEdited: () => keepIndicators(this.set.write()),
    });
    menu.render();
    for (const choice of this.set.all) this.draw(choice);
  }

  private draw({ id, resolved, color }: Choice): void {
    this.chart.setIndicator(resolved.name, paramsOf(resolved), { id, color });
  }
}
