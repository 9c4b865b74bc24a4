import type { Chart } from "../chart/chart";
import { byId } from "../dom";
import type { PythonPanel } from "../python/panel";
import { OnDemand } from "./on-demand";
import { recall, remember } from "./settings";

const FOLDER = "pyodide/";

/** The Python panel, loaded when it is first opened. */
export class Python {
  private readonly panel: OnDemand<PythonPanel>;
  private readonly toggle = byId<HTMLButtonElement>("python-toggle");
  private readonly element = byId("python");

  constructor(
    private readonly chart: Chart,
    onFailure: (reason: string) => void,
  ) {
    this.panel = new OnDemand(() => this.makePanel(), "Python cannot be loaded", onFailure);
    this.toggle.addEventListener("click", () => this.open(!this.isOpen));
  }

  private get isOpen(): boolean {
    return this.toggle.getAttribute("aria-expanded") === "true";
  }

  private open(open: boolean): void {
    this.element.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    if (open) this.panel.use((panel) => panel.focus());
  }

  private async makePanel(): Promise<PythonPanel> {
    const [{ PythonPanel }, { pythonIndicator }] = await Promise.all([
      import("../python/panel"),
      import("../python/indicator"),
    ]);
    const memory = {
      recall: () => recall("python"),
      remember: (code: string) => remember("python", code),
    };
    const python = pythonIndicator(this.chart, { distribution: FOLDER });
    return new PythonPanel(this.element, python, memory);
  }
}
