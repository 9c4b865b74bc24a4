/** Calls listeners by event; `Events` gives the type of what each event tells. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(told: never) => void>>();

  constructor(private readonly names: readonly (keyof Events & string)[]) {}

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof Events & string>(event: E, listener: (told: Events[E]) => void): () => void {
    if (!this.names.includes(event)) {
      throw new RangeError(`there is no event "${event}"; there are ${this.names.join(", ")}`);
    }
    if (typeof listener !== "function") throw new TypeError("a listener must be a function");
    const known = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, known.add(listener));
    return () => known.delete(listener);
  }

  emit<E extends keyof Events & string>(event: E, told: Events[E]): void {
    for (const listener of this.listeners.get(event) ?? []) {
      (listener as (told: Events[E]) => void)(told);
    }
  }

  clear(): void {
    this.listeners.clear();
  }
}
