/** What a change asks of the next frame; larger ones include the work of the ones below. */
export enum Level {
  None = 0,
  /** The crosshair moved. */
  Cursor = 1,
  /** Candles changed: draw the pane; axes only if that moved them. */
  Data = 2,
  /** The pane's size, the palette or the zone changed: draw everything. */
  Layout = 3,
}

/** Runs a task at most once an animation frame, with the largest level asked for since. */
export class FrameLoop {
  private level = Level.None;
  private frame = 0;

  constructor(private readonly task: (level: Level) => void) {}

  request(level: Level): void {
    if (level > this.level) this.level = level;
    // A hidden tab gets no frames, so however much changes there, one request waits.
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.run());
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  private run(): void {
    const level = this.level;
    this.level = Level.None;
    this.frame = 0;
    this.task(level);
  }
}
