import type { Chart } from "../chart/chart";
import { el } from "../dom";
import type { DrawingTools } from "../tools/drawing-tools";
import { actionButton } from "./action-button";
import { download, fileName } from "./download";
import type { Toasts } from "./toasts";

/** Takes the drawings of a symbol out of the page and brings others in: JSON, copied or in a file. */
export class DrawingExchange {
  readonly buttons: readonly HTMLElement[];
  private readonly file = el("input", "", { type: "file", accept: ".json,application/json" });

  constructor(
    private readonly chart: Chart,
    private readonly drawing: DrawingTools,
    private readonly toasts: Toasts,
    panel: HTMLElement,
  ) {
    const button = (name: string, run: () => Promise<void> | void) =>
      actionButton(name, panel, toasts, run);
    const copy = button("Copy", () => this.copy());
    const paste = button("Paste", async () => this.add(await navigator.clipboard.readText()));
    // Only in a secure context.
    copy.hidden = !navigator.clipboard;
    paste.hidden = !navigator.clipboard;
    const open = button("Open file…", () => this.file.click());
    this.buttons = [copy, paste, button("Save file", () => this.save()), open, this.file];
    this.file.hidden = true;
    this.file.addEventListener("change", () => void this.open());
    chart.element.addEventListener("copy", (event) => this.copied(event));
    chart.element.addEventListener("paste", (event) => this.pasted(event));
  }

  private get text(): string {
    return this.drawing.book.write(this.chart.symbol ?? "");
  }

  private async copy(): Promise<void> {
    await navigator.clipboard.writeText(this.text);
    this.tellCopied();
  }

  private save(): void {
    const name = fileName([this.chart.symbol ?? "chart", "drawings"], Date.now(), "json");
    download(new Blob([this.text], { type: "application/json" }), name);
  }

  private async open(): Promise<void> {
    const [file] = this.file.files ?? [];
    if (file !== undefined) this.add(await file.text());
    // So that the same file can be chosen again.
    this.file.value = "";
  }

  private copied(event: ClipboardEvent): void {
    const isText = getSelection()?.isCollapsed === false;
    if (event.clipboardData === null || isText || this.drawing.drawings.length === 0) return;
    event.clipboardData.setData("text/plain", this.text);
    event.preventDefault();
    this.tellCopied();
  }

  private pasted(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text === "") return;
    event.preventDefault();
    this.add(text);
  }

  private tellCopied(): void {
    const { length } = this.drawing.drawings;
    const symbol = this.chart.symbol ?? "the chart";
    this.toasts.show(`${counted(length)} of ${symbol} copied, as JSON.`);
  }

  /** Add the drawings of a text; a text that cannot be read changes nothing. */
  private add(text: string): void {
    const before = this.drawing.drawings;
    let read: number;
    try {
      read = this.drawing.book.import(text);
    } catch (problem) {
      this.toasts.show(`No drawing was added: ${(problem as Error).message}.`);
      return;
    }
    const isSeen = this.drawing.drawings !== before;
    const where = isSeen || read === 0 ? "" : ", to charts of other symbols";
    this.toasts.show(`${counted(read)} added${where}.`);
  }
}

function counted(count: number): string {
  return count === 1 ? "1 drawing" : `${count} drawings`;
}
