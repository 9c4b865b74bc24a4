import { byId } from "../dom";
import type { Shown } from "../python/columns";
import type { Canvas } from "../python/live";
import type { PythonPanel } from "../python/panel";
import { recall, remember } from "./settings";

const FOLDER = "pyodide/";

/** The Python panel, loaded when it is first opened. */
export class Python {
  private panel: PythonPanel | null = null;
  private loading = false;
  private shown: Shown | null = null;
  private readonly toggle = byId<HTMLButtonElement>("python-toggle");
  private readonly element = byId("python");

  constructor(
    private readonly canvas: Canvas,
    private readonly onTrouble: (reason: string) => void,
  ) {
    this.toggle.addEventListener("click", () => void this.open(!this.isOpen));
  }

  /** The chart shows other bars. */
  show(shown: Shown): void {
    this.shown = shown;
    this.panel?.show(shown);
  }

  /** The bars have changed. */
  changed(): void {
    this.panel?.changed();
  }

  private get isOpen(): boolean {
    return this.toggle.getAttribute("aria-expanded") === "true";
  }

  private async open(open: boolean): Promise<void> {
    this.element.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    if (!open) return;
    if (this.panel === null && !this.loading) await this.load();
    this.panel?.focus();
  }

  private async load(): Promise<void> {
    this.loading = true;
    try {
      const { PythonPanel } = await import("../python/panel");
      const base = new URL(FOLDER, document.baseURI).href;
      const memory = {
        recall: () => recall("python"),
        remember: (code: string) => remember("python", code),
      };
      this.panel = new PythonPanel(this.element, this.canvas, memory, base);
      if (this.shown !== null) this.panel.show(this.shown);
    } catch (error) {
      this.onTrouble(`Python cannot be loaded: ${String(error)}`);
    }
    this.loading = false;
  }
}
