import { el, setText } from "../dom";

const MAX_ENTRIES = 400;
const FIRST = ">>>";
const MORE = "...";

export type EntryKind = "in" | "out" | "error" | "note";

/** The console: earlier input and output, and an input line. */
export class ConsoleView {
  readonly element: HTMLElement;
  private readonly log = el("div", "console-log", { role: "log", "aria-label": "Output" });
  private readonly prompt = el("label", "console-prompt", { for: "console-line" }, FIRST);
  private readonly line = el("input", "console-line", {
    id: "console-line",
    type: "text",
    "aria-label": "Python, one line",
    autocapitalize: "off",
    autocomplete: "off",
    spellcheck: "false",
  });
  private readonly history: string[] = [];
  private at = 0;

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly onClear: () => void,
  ) {
    const entry = el("div", "console-entry", {}, this.prompt, this.line);
    this.element = el("div", "console", {}, this.log, entry);
    this.line.addEventListener("keydown", (event) => this.key(event));
    this.log.addEventListener("click", () => {
      if (String(getSelection()) === "") this.line.focus();
    });
  }

  /** True while more lines of a block are expected. */
  set more(more: boolean) {
    setText(this.prompt, more ? MORE : FIRST);
  }

  add(kind: EntryKind, text: string): void {
    const follows = this.log.scrollTop + this.log.clientHeight > this.log.scrollHeight - 8;
    const last = this.log.lastElementChild;
    // Output printed piece by piece is joined into one entry, up to a maximum length.
    if (kind === "out" && last?.className === "entry-out" && (last.textContent ?? "").length < 4000)
      last.append(text);
    else this.log.append(el("div", `entry-${kind}`, {}, text));
    while (this.log.childElementCount > MAX_ENTRIES) this.log.firstElementChild?.remove();
    if (follows) this.log.scrollTop = this.log.scrollHeight;
  }

  focus(): void {
    this.line.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.enter();
    else if (event.key === "ArrowUp") this.recall(-1);
    else if (event.key === "ArrowDown") this.recall(1);
    else if (event.key === "Escape") {
      this.line.value = "";
      this.more = false;
      this.onClear();
      return;
    } else return;
    event.preventDefault();
  }

  private enter(): void {
    const line = this.line.value;
    this.line.value = "";
    if (line.trim() !== "" && line !== this.history.at(-1)) this.history.push(line);
    this.at = this.history.length;
    this.add("in", `${this.prompt.textContent} ${line}`);
    this.onLine(line);
  }

  private recall(step: number): void {
    this.at = Math.min(Math.max(this.at + step, 0), this.history.length);
    this.line.value = this.history[this.at] ?? "";
  }
}
