import { byId, el } from "../dom";

/** A shortcut of the page. Without `run` something else listens, and the sheet only tells of it. */
export interface Shortcut {
  /** The keys as `KeyboardEvent.key` names them; any of them will do. */
  keys: readonly string[];
  /** The text printed in place of the keys. */
  shown?: string;
  does: string;
  run?: (key: string) => void;
}

/** The chart's own keys, which it hears while it has the focus. */
const OF_CHART: readonly Shortcut[] = [
  { keys: ["←", "→"], does: "Move through time" },
  { keys: ["Shift ←", "Shift →"], does: "Read candle by candle" },
  { keys: ["↑", "↓"], does: "Zoom in and out" },
  { keys: ["Home", "End"], does: "First and latest candle" },
  { keys: ["A"], does: "Fit the prices" },
  { keys: ["Enter"], does: "Place the next end of a drawing" },
  { keys: ["Delete"], does: "Remove the selected drawing" },
  { keys: ["Ctrl C", "Ctrl V"], does: "Copy and paste drawings, as JSON" },
  { keys: ["Ctrl Z", "Ctrl Y"], does: "Undo and redo drawings" },
  { keys: ["Esc"], does: "Hide the crosshair, or leave a drawing" },
];

/** The keys of a border between two panes of the chart, or of a bar between two columns. */
const OF_BORDER: readonly Shortcut[] = [
  { keys: ["↑", "↓", "←", "→"], does: "Move it" },
  { keys: ["Home", "End"], does: "Move it as far as it goes" },
  { keys: ["Enter", "Delete"], does: "Back to the usual size" },
];

/** Runs the page's shortcuts, and shows all of them in a dialog on `?`. */
export class Keys {
  private readonly dialog = el("dialog", "keys", { "aria-labelledby": "keys-title" });

  constructor(private readonly shortcuts: readonly Shortcut[]) {
    document.body.append(this.dialog);
    byId("shortcuts").addEventListener("click", () => this.open());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private open(): void {
    if (this.dialog.open) return;
    const help: Shortcut = { keys: ["?"], does: "These shortcuts" };
    const close = el("button", "icon-button", { type: "button", "aria-label": "Close" }, "✕");
    close.addEventListener("click", () => this.dialog.close());
    const title = el("h2", "", { id: "keys-title" }, "Keyboard shortcuts");
    this.dialog.replaceChildren(
      el("header", "", {}, title, close),
      section("Page", [...this.shortcuts, help]),
      section("Chart, while it has the focus", OF_CHART),
      section("Border of a pane or column, while it has the focus", OF_BORDER),
    );
    this.dialog.showModal();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || this.dialog.open) return;
    const found = this.shortcuts.find(({ keys }) => keys.includes(event.key));
    if (event.key !== "?" && found?.run === undefined) return;
    event.preventDefault();
    if (event.key === "?") this.open();
    else found?.run?.(event.key);
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input, select, textarea") || target.isContentEditable;
}

function section(title: string, shortcuts: readonly Shortcut[]): HTMLElement {
  const rows = shortcuts.map(({ keys, shown, does }) => {
    const caps = (shown === undefined ? keys : [shown]).map((key) =>
      el("kbd", "", {}, key.length === 1 ? key.toUpperCase() : key),
    );
    return el("div", "", {}, el("dt", "", {}, ...caps), el("dd", "", {}, does));
  });
  return el("section", "", {}, el("h3", "", {}, title), el("dl", "", {}, ...rows));
}
