import { el, setData, setText } from "../dom";
import { ConsoleView } from "./console-view";
import { describe } from "./diagnostics";
import { Draft } from "./draft";
import { Editor } from "./editor";
import { EXAMPLES } from "./examples";
import type { PythonEvents, PythonIndicator } from "./indicator";
import type { Fault, Outcome, Stage } from "./messages";

/** Storage of the code, which never leaves the browser. */
export interface Memory {
  recall(): string | null;
  remember(code: string): void;
}

const MB = 1e6;
const EARLIER = "On the chart: the last code without an error";
const STAGES: Record<Stage, string> = {
  download: "Loading Python",
  start: "Starting Python",
  kernels: "Loading the kernels",
};

/** Python on the page: an indicator to edit, drawn over live bars, and a console. */
export class PythonPanel {
  private readonly editor: Editor;
  private readonly draft: Draft<Fault>;
  private readonly console: ConsoleView;
  private readonly run = el("button", "python-run", { type: "button", title: "Run (Ctrl+Enter)" });
  private readonly halt = el("button", "python-stop", { type: "button" });
  private readonly clear = el("button", "python-clear", { type: "button" }, "Clear");
  private readonly status = el("span", "python-status", { role: "status", "aria-live": "polite" });
  private readonly progress = el("progress", "python-progress", { "aria-label": "Loading" });
  private readonly fault = el("button", "python-fault", { type: "button" });
  private runs = 0;
  /** The code that is being run for the first time. */
  private defining: string | null = null;
  /** True if that run is being stopped, so that the same code may be run again. */
  private isStopping = false;
  /** The error of the code in the editor, which an earlier one on the chart does not end. */
  private draftFault: Fault | null = null;

  constructor(
    private readonly element: HTMLElement,
    private readonly python: PythonIndicator,
    private readonly memory: Memory,
  ) {
    this.editor = new Editor({
      onChange: (text) => this.typed(text),
      onRun: () => void this.define(),
    });
    this.draft = new Draft({
      check: (source) => python.check(source),
      show: (fault, paused) => this.showSyntax(fault, paused),
      run: () => void this.define(),
    });
    this.console = new ConsoleView(
      (line) => void this.push(line),
      () => void python.dropBlock(),
    );
    this.build();
    this.listen();
    this.editor.text = memory.recall() ?? EXAMPLES[0].source;
    python.start();
  }

  focus(): void {
    this.editor.focus();
  }

  private build(): void {
    this.run.textContent = "Run";
    this.halt.textContent = "Stop";
    this.halt.disabled = true;
    this.fault.hidden = true;
    const bar = [this.examples(), this.run, this.halt, this.clear, this.progress, this.status];
    const written = el("div", "python-code", {}, this.editor.element, this.fault);
    const both = el("div", "python-both", {}, written, this.console.element);
    this.element.append(el("div", "python-bar", {}, ...bar), both);
    this.run.addEventListener("click", () => void this.define());
    this.halt.addEventListener("click", () => {
      this.isStopping = true;
      this.python.stop();
    });
    this.clear.title = "Remove the indicator from the chart";
    this.clear.addEventListener("click", () => this.remove());
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.define();
    });
  }

  private listen(): void {
    const { python } = this;
    python.on("change", () => this.refresh());
    python.on("progress", (told) => this.showProgress(told));
    python.on("ready", (told) => this.showReady(told));
    python.on("failure", (reason) => setText(this.status, `Python cannot start: ${reason}`));
    python.on("output", ({ text, isError }) => this.console.add(isError ? "error" : "out", text));
    python.on("restart", () => this.restarted());
    python.on("outcome", (outcome) => this.showRun(outcome));
  }

  private examples(): HTMLElement {
    const select = el("select", "python-examples", { "aria-label": "Start from an example" });
    select.append(el("option", "", { value: "" }, "Examples"));
    EXAMPLES.forEach(({ name }, index) => {
      select.append(el("option", "", { value: String(index) }, name));
    });
    select.addEventListener("change", () => {
      const example = EXAMPLES[Number(select.value)];
      if (select.value === "" || example === undefined) return;
      select.value = "";
      this.editor.text = example.source;
      this.memory.remember(example.source);
      void this.define();
    });
    return select;
  }

  private typed(text: string): void {
    this.memory.remember(text);
    if (this.defining !== null) {
      this.isStopping = true;
      this.python.abandon(this.defining);
    }
    this.draft.change(text);
  }

  /** Show a syntax error; on the line being typed only after a pause, as it may be unfinished. */
  private showSyntax(fault: Fault | null, paused: boolean): void {
    if (!paused && fault?.line === this.editor.line) return;
    this.draftFault = fault;
    this.showFault(fault);
    if (fault !== null) this.showEarlier();
  }

  private async define(): Promise<void> {
    this.draft.cancel();
    if (!this.python.hasBars) {
      setText(this.status, "Waiting for bars");
      return;
    }
    const { text } = this.editor;
    // Code that runs by itself since it was typed needs no second run.
    if (text === this.defining && !this.isStopping) return;
    this.defining = text;
    this.isStopping = false;
    const outcome = await this.python.run(text);
    if (this.defining === text) this.defining = null;
    if (text !== this.editor.text) return;
    this.draftFault = outcome.error ?? null;
    this.showRun(outcome);
  }

  private async push(line: string): Promise<void> {
    if (!this.python.hasBars) return;
    const { more, error } = await this.python.push(line);
    this.console.more = more === true;
    if (error !== undefined) this.console.add("error", describe(error));
  }

  private remove(): void {
    this.python.clear();
    setText(this.status, "");
  }

  private restarted(): void {
    this.console.more = false;
    this.console.add("note", "Python was restarted: the console's names are lost.");
  }

  private showRun(outcome: Outcome): void {
    setData(this.element, "runs", String(++this.runs));
    setData(this.element, "series", Object.keys(outcome.series ?? {}).join());
    const fault = this.draftFault ?? outcome.error ?? null;
    this.showFault(fault);
    if (fault === null) setText(this.status, `Computed in ${outcome.ms.toFixed(1)} ms`);
    else this.showEarlier();
  }

  /** Tell that the chart shows other code than the editor, if it does. */
  private showEarlier(): void {
    setText(this.status, this.draftFault !== null && this.python.defined ? EARLIER : "");
  }

  private showFault(fault: Fault | null): void {
    this.fault.hidden = fault === null;
    const message = fault === null ? "" : describe(fault);
    this.editor.mark(fault, message);
    setText(this.fault, message);
    if (fault === null) return;
    const { line } = fault;
    this.fault.onclick = line === null ? null : () => this.editor.goTo(line);
  }

  private showReady({ version, fromSnapshot, ms, catalogue }: PythonEvents["ready"]): void {
    setData(this.element, "snapshot", String(fromSnapshot));
    setData(this.element, "startMs", ms.toFixed(0));
    this.editor.offer(catalogue);
    setText(this.status, `Python ${version}, ready after ${(ms / 1000).toFixed(1)} s`);
  }

  private showProgress({ stage, loaded, total }: PythonEvents["progress"]): void {
    const bytes = `: ${(loaded / MB).toFixed(1)} of ${(total / MB).toFixed(1)} MB`;
    setText(this.status, `${STAGES[stage]}${total > 0 ? bytes : ""}`);
    if (total > 0) this.progress.value = loaded / total;
    else this.progress.removeAttribute("value");
  }

  private refresh(): void {
    const { busy, state } = this.python;
    setData(this.element, "state", state);
    setData(this.element, "busy", String(busy));
    this.progress.hidden = state !== "loading";
    this.halt.disabled = !busy || state !== "ready";
    this.run.disabled = state === "failed";
  }
}
