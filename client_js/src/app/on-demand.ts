/** A part of the page that is loaded apart from it, once. */
export class OnDemand<T> {
  private loaded: T | null = null;
  private loading: Promise<T | null> | null = null;

  /** `trouble` begins the sentence with which `onFailure` is called if the part cannot be loaded. */
  constructor(
    private readonly load: () => Promise<T>,
    private readonly trouble: string,
    private readonly onFailure: (reason: string) => void,
  ) {}

  /** The part; null while it is not there. */
  get now(): T | null {
    return this.loaded;
  }

  /** Load the part, unless that has begun; null if it cannot be loaded. */
  start(): Promise<T | null> {
    this.loading ??= this.begin();
    return this.loading;
  }

  /**
   * Load the part, unless that has begun, and pass it to `request` as soon as it is there. Requests
   * that wait are met in their order. If the part cannot be loaded, they are dropped, and the next
   * request tries again.
   */
  use(request: (part: T) => void): void {
    void this.start().then((part) => {
      if (part !== null) request(part);
    });
  }

  private async begin(): Promise<T | null> {
    try {
      this.loaded = await this.load();
    } catch (error) {
      this.loading = null;
      this.onFailure(`${this.trouble}: ${String(error)}`);
    }
    return this.loaded;
  }
}
