import { el, setData, setText } from "../../dom";
import type { ProcessName } from "../../feed/payloads";
import { stateText } from "../health";
import type { PipelineState } from "../state";

const OTHERS: readonly [ProcessName, string, string][] = [
  ["infer", "Models", "ticks unread"],
  ["news", "News", ""],
];

/** The processes beside the way of the ticks: models and news, where they run. */
export class Others {
  readonly element = el("ul", "others", { "aria-label": "Other processes" });
  private readonly rows = OTHERS.map(([name, title, waiting]) => {
    const text = el("span", "others-state");
    const lamp = el("i", "node-lamp", { "aria-hidden": "true" });
    const row = el("li", "others-row", {}, lamp, el("span", "", {}, title), text);
    row.dataset["process"] = name;
    return { name, waiting, row, text };
  });

  constructor() {
    this.element.append(...this.rows.map(({ row }) => row));
  }

  render(state: PipelineState, now: number): void {
    for (const { name, waiting, row, text } of this.rows) {
      const health = state.health.process(name, now + state.offset);
      row.hidden = health.report === null;
      setData(row, "state", health.state);
      const { backlog } = health;
      const behind = backlog > 0 ? `, ${backlog.toLocaleString("en-US")} ${waiting}` : "";
      setText(text, stateText(health, now + state.offset) + behind);
    }
    this.element.hidden = this.rows.every(({ row }) => row.hidden);
  }
}
