import type { Chart } from "../chart/chart";
import { byId, el } from "../dom";
import { download, fileName } from "./download";
import { releaseFocusOnClose, showExpanded } from "./popover";
import type { Toasts } from "./toasts";

/** The menu that takes the chart out of the page, as a picture or as a table. */
export class ExportMenu {
  private readonly panel = byId("export-panel");

  constructor(
    private readonly chart: Chart,
    private readonly toasts: Toasts,
  ) {
    const copy = this.makeButton("Copy PNG", () => this.copyPng());
    // Not in every browser, and only in a secure context.
    copy.hidden = !("ClipboardItem" in window) || !navigator.clipboard;
    this.panel.append(
      this.makeButton("Save PNG", async () => this.save(await chart.toPNG(), "png")),
      copy,
      this.makeButton("Save CSV", () => {
        this.save(new Blob([chart.toCSV()], { type: "text/csv" }), "csv");
      }),
    );
    releaseFocusOnClose(this.panel);
    showExpanded(byId("export"), this.panel);
  }

  private save(data: Blob, suffix: string): void {
    const { symbol, interval } = this.chart;
    download(data, fileName([symbol ?? "chart", interval], Date.now(), suffix));
  }

  private async copyPng(): Promise<void> {
    // Some browsers allow it only at once, with the picture to follow.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": this.chart.toPNG() })]);
    this.toasts.show("The chart was copied as a picture.");
  }

  private makeButton(name: string, run: () => Promise<void> | void): HTMLButtonElement {
    const button = el("button", "tool-button", { type: "button" }, name);
    button.addEventListener("click", async () => {
      this.panel.hidePopover();
      try {
        await run();
      } catch (problem) {
        this.toasts.show(`${name} failed: ${(problem as Error).message}`);
      }
    });
    return button;
  }
}
