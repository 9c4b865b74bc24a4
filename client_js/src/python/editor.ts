import { el, setText } from "../dom";
import { type Edit, indent, lineSpan, newLine, outdent } from "./typing";

/** A text area for code, with line numbers and a mark on one line. */
export class Editor {
  readonly element: HTMLElement;
  private readonly area = el("textarea", "code-area", {
    "aria-label": "Indicator, in Python",
    autocapitalize: "off",
    autocomplete: "off",
    spellcheck: "false",
    wrap: "off",
  });
  private readonly numbers = el("div", "code-numbers", { "aria-hidden": "true" });
  private readonly mark = el("div", "code-mark", { "aria-hidden": "true" });
  private leaving = false;

  constructor(onChange: (text: string) => void) {
    this.mark.hidden = true;
    this.element = el("div", "code", {}, this.numbers, this.mark, this.area);
    this.area.addEventListener("input", () => {
      this.mark.hidden = true;
      this.number();
      onChange(this.text);
    });
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  get text(): string {
    return this.area.value;
  }

  set text(text: string) {
    this.area.value = text;
    this.markLine(null);
    this.number();
  }

  focus(): void {
    this.area.focus();
  }

  /** Mark a line, counted from 1; null for none. */
  markLine(line: number | null): void {
    this.mark.hidden = line === null;
    if (line === null) return;
    this.mark.dataset["line"] = String(line);
    this.mark.style.setProperty("--line", String(line - 1));
  }

  /** Put the caret on a line, counted from 1. */
  goTo(line: number): void {
    const { from, to } = lineSpan(this.text, line);
    this.area.focus();
    this.area.setSelectionRange(from, to);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Tab indents; after Escape it moves the focus on, for keyboard users.
    if (event.key === "Escape") this.leaving = true;
    else if (event.key === "Enter") this.edit(event, newLine);
    else if (event.key === "Tab" && !this.leaving)
      this.edit(event, event.shiftKey ? outdent : indent);
    else if (event.key !== "Shift") this.leaving = false;
  }

  private edit(event: KeyboardEvent, change: (edit: Edit) => Edit): void {
    event.preventDefault();
    this.leaving = false;
    const { area } = this;
    const before = { text: area.value, from: area.selectionStart, to: area.selectionEnd };
    const after = change(before);
    if (after.text !== before.text) {
      area.value = after.text;
      area.dispatchEvent(new Event("input"));
    }
    area.setSelectionRange(after.from, after.to);
  }

  private number(): void {
    const lines = this.text.split("\n").length;
    setText(this.numbers, Array.from({ length: lines }, (_, i) => i + 1).join("\n"));
    this.follow();
  }

  private follow(): void {
    this.element.style.setProperty("--scrolled", `${this.area.scrollTop}px`);
  }
}
