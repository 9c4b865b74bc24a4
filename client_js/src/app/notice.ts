import { byId, setText } from "../dom";

/** The bar above the page that tells the user about a problem and what to do. */
export class Notice {
  private readonly element = byId("notice");
  private readonly text = byId("notice-text");
  private readonly action = byId("notice-action");

  constructor() {
    byId("notice-close").addEventListener("click", () => this.hide());
  }

  /** Show a sentence, with a button for what can be done about it if there is such a thing. */
  show(text: string, action?: { label: string; run: () => void }): void {
    this.element.hidden = false;
    setText(this.text, text);
    this.action.hidden = action === undefined;
    setText(this.action, action?.label ?? "");
    this.action.onclick = () => {
      this.hide();
      action?.run();
    };
  }

  hide(): void {
    this.element.hidden = true;
  }
}

/** The limits of plain http outside localhost, in a sentence; null in a secure context. */
export function insecureNotice(isSecure: boolean): string | null {
  if (isSecure) return null;
  return (
    "This page was loaded over plain http, where browsers offer no WebGPU, so the chart uses " +
    "Canvas2D. Serve it over https, or open it on localhost, to use the GPU."
  );
}
