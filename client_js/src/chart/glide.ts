/** The speed of a drag is that of its last movements, within this time, ms. */
const MEASURED_MS = 100;
/** A pointer that rested this long before its release does not fling, ms. */
const PAUSE_MS = 80;
/** Movements of a fling, at least. */
const LEAST_MOVES = 2;
/** Speeds in CSS pixels per ms: of a fling at least, taken at most, and at the end of the glide. */
const LEAST_FLING = 0.2;
const MOST = 4;
const END = 0.02;
/** Time in which friction slows a glide by a factor of e, ms. */
const FRICTION_MS = 325;

interface Sample {
  x: number;
  time: number;
}

/**
 * The glide of a chart after a fling. Nothing glides for users who have asked their system for less
 * motion.
 */
export class Glide {
  private samples: Sample[] = [];
  private speed = 0;
  private frame = 0;
  private last = 0;

  /** `pan` moves the chart by CSS pixels; it returns false at either end, which ends the glide. */
  constructor(private readonly pan: (dx: number) => boolean) {}

  /** A drag begins, or what has been measured is void. Ends the glide. */
  begin(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.samples = [];
  }

  /** The pointer of the drag is at `x`, at a time in ms. */
  track(x: number, time: number): void {
    this.samples = [...this.samples.filter((each) => time - each.time <= MEASURED_MS), { x, time }];
  }

  /** The pointer has been released: glide if that was a fling. */
  release(time: number): void {
    this.speed = flingSpeed(this.samples, time);
    if (this.speed === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.last = performance.now();
    this.frame = requestAnimationFrame((now) => this.step(now));
  }

  private step(now: number): void {
    const slowed = Math.exp(-Math.max(now - this.last, 0) / FRICTION_MS);
    const distance = this.speed * FRICTION_MS * (1 - slowed);
    this.last = Math.max(now, this.last);
    this.speed *= slowed;
    // The first frame may have begun before the release.
    if (distance !== 0 && !this.pan(distance)) return;
    if (Math.abs(this.speed) < END) return;
    this.frame = requestAnimationFrame((next) => this.step(next));
  }
}

/** Speed of a drag at its release, in CSS pixels per ms; 0 if it was no fling. */
export function flingSpeed(samples: readonly Sample[], released: number): number {
  const measured = samples.filter(({ time }) => released - time <= MEASURED_MS);
  if (measured.length <= LEAST_MOVES) return 0;
  const [first, last] = [measured[0], measured[measured.length - 1]];
  if (released - last.time > PAUSE_MS) return 0;
  const speed = (last.x - first.x) / Math.max(last.time - first.time, 1);
  if (Math.abs(speed) < LEAST_FLING) return 0;
  return Math.min(Math.max(speed, -MOST), MOST);
}
