import { type Alert, isArmed, MAX_NOTE } from "../alerts/alert";
import type { AlertBook } from "../alerts/alert-book";
import { byId, el, setText } from "../dom";
import { releaseFocusOnClose, showExpanded } from "./popover";

export interface AlertPanelHandlers {
  /** The symbol that is shown, with its last price as text; null before there is one. */
  current(): { symbol: string; last: string | null } | null;
  onChoose(symbol: string): void;
}

/** The panel of price alerts: one to add, and those that there are. */
export class AlertPanel {
  private readonly button = byId("alerts");
  private readonly panel = byId("alerts-panel");
  private readonly title = el("h2", "");
  private readonly price = el("input", "", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    required: "",
    autofocus: "",
  });
  private readonly note = el("input", "", { type: "text", maxlength: String(MAX_NOTE) });
  private readonly every = el("input", "", { type: "checkbox" });
  private readonly error = el("p", "alert-error", { role: "alert" });
  private readonly list = el("ul", "alert-list", { "aria-label": "Alerts" });
  private readonly none = el("p", "empty", {}, "No alerts yet. Their lines can be dragged.");
  private readonly outside = el("button", "tool-button", { type: "button" });

  constructor(
    private readonly book: AlertBook,
    private readonly handlers: AlertPanelHandlers,
  ) {
    const form = el(
      "form",
      "alert-form",
      {},
      this.title,
      el("label", "", {}, "Price", this.price),
      el("label", "", {}, "Note", this.note),
      el("label", "alert-every", {}, this.every, "At each crossing, not only the first"),
      this.error,
      el("button", "tool-button", { type: "submit" }, "Add alert"),
    );
    this.panel.append(form, this.list, this.none, this.outside);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add();
    });
    this.outside.addEventListener("click", () => void this.askPermission());
    this.panel.addEventListener("beforetoggle", ({ newState }) => {
      if (newState === "open") this.prepare();
    });
    releaseFocusOnClose(this.panel);
    showExpanded(this.button, this.panel);
    this.prepare();
    this.render();
  }

  open(): void {
    this.panel.showPopover();
  }

  /** Show the alerts as they are now. */
  render(): void {
    const { all } = this.book;
    this.list.replaceChildren(...all.map((alert) => this.row(alert)));
    this.none.hidden = all.length > 0;
    const waiting = all.filter(isArmed).length;
    this.button.dataset["count"] = waiting > 0 ? String(waiting) : "";
  }

  private prepare(): void {
    const current = this.handlers.current();
    setText(this.title, current === null ? "Alert" : `Alert for ${current.symbol}`);
    this.price.value = current?.last ?? "";
    this.note.value = "";
    setText(this.error, "");
    this.showPermission();
  }

  private add(): void {
    const current = this.handlers.current();
    const price = this.price.value.trim() === "" ? Number.NaN : Number(this.price.value);
    try {
      if (current === null) throw new RangeError("there is no symbol yet");
      if (!Number.isFinite(price))
        throw new RangeError("the price must be a number, such as 5520.25");
      const when = this.every.checked ? "every" : "once";
      const note = this.note.value.trim();
      const last = current.last === null ? null : Number(current.last);
      this.book.add({ symbol: current.symbol, price, note, when }, last);
      setText(this.error, "");
      this.note.value = "";
    } catch (problem) {
      setText(this.error, (problem as Error).message);
      this.price.focus();
    }
  }

  private row(alert: Alert): HTMLElement {
    const { id, symbol, price, note } = alert;
    const name = el("button", "alert-symbol", { type: "button" }, symbol);
    name.addEventListener("click", () => this.handlers.onChoose(symbol));
    const label = `Remove the alert for ${symbol} at ${price}`;
    const remove = el("button", "icon-button", { type: "button", "aria-label": label }, "✕");
    remove.addEventListener("click", () => this.remove(id));
    const state = el("span", "alert-state", {}, stateOf(alert));
    const text = el("span", "alert-note", {}, note);
    const row = el("li", "", {}, name, el("b", "", {}, String(price)), text, state, remove);
    row.dataset["armed"] = String(isArmed(alert));
    return row;
  }

  private remove(id: string): void {
    const at = this.book.all.findIndex((each) => each.id === id);
    this.book.remove(id);
    const buttons = this.list.querySelectorAll<HTMLElement>(".icon-button");
    (buttons[Math.min(at, buttons.length - 1)] ?? this.price).focus();
  }

  private async askPermission(): Promise<void> {
    await Notification.requestPermission();
    this.showPermission();
  }

  private showPermission(): void {
    const permission = "Notification" in window ? Notification.permission : "denied";
    this.outside.hidden = permission === "denied";
    this.outside.disabled = permission === "granted";
    const text =
      permission === "granted"
        ? "Shown as notifications too, while this page is open"
        : "Show alerts as notifications too";
    setText(this.outside, text);
  }
}

function stateOf({ when, firedAt }: Alert): string {
  if (when === "every") return firedAt === null ? "at each crossing" : "reached, goes on";
  return firedAt === null ? "waiting" : "reached";
}
