import type { Chart } from "../chart/chart";
import { byId } from "../dom";
import type { PythonPanel } from "../python/panel";
import { recall, remember } from "./settings";

const FOLDER = "pyodide/";

/** The Python panel, loaded when it is first opened. */
export class Python {
  private panel: PythonPanel | null = null;
  private loading = false;
  private readonly toggle = byId<HTMLButtonElement>("python-toggle");
  private readonly element = byId("python");

  constructor(
    private readonly chart: Chart,
    private readonly onTrouble: (reason: string) => void,
  ) {
    this.toggle.addEventListener("click", () => void this.open(!this.isOpen));
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
      const [{ PythonPanel }, { pythonIndicator }] = await Promise.all([
        import("../python/panel"),
        import("../python/indicator"),
      ]);
      const memory = {
        recall: () => recall("python"),
        remember: (code: string) => remember("python", code),
      };
      const python = pythonIndicator(this.chart, { distribution: FOLDER });
      this.panel = new PythonPanel(this.element, python, memory);
    } catch (error) {
      this.onTrouble(`Python cannot be loaded: ${String(error)}`);
    }
    this.loading = false;
  }
}
