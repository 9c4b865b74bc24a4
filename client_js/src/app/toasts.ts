import { el } from "../dom";

/** Messages that are shown at once; older ones go. */
const MOST = 4;

/** Short messages in a corner of the page, until they are closed. */
export class Toasts {
  private readonly element = el("div", "toasts", { role: "status", "aria-label": "Messages" });

  constructor() {
    document.body.append(this.element);
  }

  show(text: string): void {
    const close = el("button", "icon-button", { type: "button", "aria-label": "Dismiss" }, "✕");
    const toast = el("div", "toast", {}, el("span", "", {}, text), close);
    close.addEventListener("click", () => toast.remove());
    this.element.append(toast);
    while (this.element.children.length > MOST) this.element.firstElementChild?.remove();
  }
}
