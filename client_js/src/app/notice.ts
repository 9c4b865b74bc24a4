import { byId, setText } from "../dom";

/** The bar above the page that tells the user about a problem and what to do. */
export class Notice {
  private readonly element = byId("notice");
  private readonly text = byId("notice-text");

  constructor() {
    byId("notice-close").addEventListener("click", () => this.hide());
  }

  show(text: string): void {
    setText(this.text, text);
    this.element.hidden = false;
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
