import { parseColor } from "../chart/color";
import { type Resolved, resolve } from "../compute/params";
import { freeColor } from "../indicators/colors";
import type { Choice } from "../indicators/series";

/** The stored form: a name, the user's parameters and the colour. */
interface Kept {
  name: string;
  params: Record<string, number | string>;
  color: string;
}

/** The indicators that a user has chosen, oldest first. */
export class IndicatorSet {
  private readonly choices: Choice[] = [];

  get all(): readonly Choice[] {
    return this.choices;
  }

  /** Add an indicator with the first free colour; throws `IndicatorError`. */
  add(name: string, params: Record<string, unknown> = {}, color = this.freeColor()): Choice {
    const choice = { id: this.freeId(name), resolved: resolve(name, params), color };
    this.choices.push(choice);
    return choice;
  }

  /**
   * Change an indicator; throws `IndicatorError` and leaves it unchanged if that is not possible.
   */
  change(id: string, params: Record<string, unknown>, color: string): Choice | null {
    const index = this.choices.findIndex((each) => each.id === id);
    if (index === -1) return null;
    const resolved = resolve(this.choices[index].resolved.name, params);
    this.choices[index] = { id, resolved, color };
    return this.choices[index];
  }

  remove(id: string): void {
    const index = this.choices.findIndex((each) => each.id === id);
    if (index !== -1) this.choices.splice(index, 1);
  }

  /** Serialize to text that `read` accepts. */
  write(): string {
    const kept = this.choices.map(
      ({ resolved, color }): Kept => ({ name: resolved.name, params: paramsOf(resolved), color }),
    );
    return JSON.stringify(kept);
  }

  /** Restore from text. Entries that this version does not know are left out. */
  read(text: string | null): void {
    for (const kept of parsed(text)) {
      try {
        const { name, params, color } = kept as Kept;
        parseColor(color);
        this.add(name, params ?? {}, color);
      } catch {
        // Skipped without a message: the user did not just enter it.
      }
    }
  }

  private freeColor(): string {
    return freeColor(this.choices.map(({ color }) => color));
  }

  /** An id that the same choice has at the next visit, too: the height of its pane is kept by it. */
  private freeId(name: string): string {
    const taken = new Set(this.choices.map(({ id }) => id));
    for (let number = 1; ; number++) {
      if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
    }
  }
}

/** The parameters of a choice as `resolve` takes them. */
export function paramsOf({ numbers, source, symbol }: Resolved): Record<string, number | string> {
  return { ...numbers, ...(source !== null && { source }), ...(symbol !== null && { symbol }) };
}

function parsed(text: string | null): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
