/** The work that a change requires in the next frame; each level includes those below it. */
export enum Level {
  None = 0,
  /** The crosshair moved. */
  Cursor = 1,
  /** Candles changed: draw the pane, and the axes only if they moved. */
  Data = 2,
  /** The pane's size, the palette or the zone changed: draw everything. */
  Layout = 3,
}

/** Runs a task at most once per animation frame, with the highest level requested since. */
export class FrameLoop {
  private level = Level.None;
  private frame = 0;

  constructor(private readonly task: (level: Level) => void) {}

  request(level: Level): void {
    if (level > this.level) this.level = level;
    // A hidden tab gets no frames: a single request waits, however much changes.
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
