import type { Chart } from "../chart/chart";
import { byId } from "../dom";
import { actionButton } from "./action-button";
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
    const button = (name: string, run: () => Promise<void> | void) =>
      actionButton(name, this.panel, toasts, run);
    const copy = button("Copy PNG", () => this.copyPng());
    // Not in every browser, and only in a secure context.
    copy.hidden = !("ClipboardItem" in window) || !navigator.clipboard;
    this.panel.append(
      button("Save PNG", async () => this.save(await chart.toPNG(), "png")),
      copy,
      button("Save CSV", () => {
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
}
