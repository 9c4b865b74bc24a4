/** Minimum time between two drawings of the panels, in ms; people read no faster. */
const PANEL_MS = 125;

/**
 * Runs a task soon after a request, at most every `PANEL_MS` and only in a visible tab; requests in
 * between are merged.
 */
export class PanelLoop {
  private due = false;
  private ranAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly task: () => void) {}

  request(): void {
    if (this.due) return;
    this.due = true;
    const wait = this.ranAt + PANEL_MS - performance.now();
    if (wait <= 0) this.schedule();
    else setTimeout(() => this.schedule(), wait);
  }

  private schedule(): void {
    requestAnimationFrame(() => {
      this.due = false;
      this.ranAt = performance.now();
      this.task();
    });
  }
}
