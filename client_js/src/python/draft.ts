/** Pause in typing after which errors are shown and the code is run. */
export const PAUSE_MS = 600;
/** Pause after which the syntax is checked. */
const CHECK_MS = 100;

export interface DraftHandlers<Fault> {
  /** Return the syntax error of a text, or null. */
  check(text: string): Promise<Fault | null>;
  /** Show a syntax error, or none; `paused` after a pause in typing. */
  show(fault: Fault | null, paused: boolean): void;
  /** Run a text whose syntax is right. */
  run(text: string): void;
}

/** Code as it is typed: checked at once, and run after a pause. */
export class Draft<Fault> {
  private version = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly handlers: DraftHandlers<Fault>) {}

  /** The text has changed. */
  change(text: string): void {
    this.cancel();
    const { version } = this;
    this.timer = setTimeout(() => void this.check(text, version), CHECK_MS);
  }

  /** Forget the last change: something else is run, or nothing. */
  cancel(): void {
    this.version++;
    clearTimeout(this.timer);
  }

  private async check(text: string, version: number): Promise<void> {
    const began = performance.now();
    const fault = await this.handlers.check(text);
    if (version !== this.version) return;
    this.handlers.show(fault, false);
    const left = PAUSE_MS - CHECK_MS - (performance.now() - began);
    this.timer = setTimeout(() => this.settle(text, fault), Math.max(left, 0));
  }

  private settle(text: string, fault: Fault | null): void {
    if (fault === null) this.handlers.run(text);
    else this.handlers.show(fault, true);
  }
}
