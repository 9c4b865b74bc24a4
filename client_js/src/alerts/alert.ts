/** A price of a symbol at which its user wants to be told. */
export interface Alert {
  id: string;
  symbol: string;
  price: number;
  /** The user's own words; empty if there are none. */
  note: string;
  /** Tell once, and then never again; or at each crossing. */
  when: "once" | "every";
  /** Time of the last crossing that was told, ms since the epoch; null if there was none. */
  firedAt: number | null;
}

export const MAX_NOTE = 120;

/** An alert that is waiting for its price. */
export function isArmed({ when, firedAt }: Alert): boolean {
  return when === "every" || firedAt === null;
}

/** Check an alert from outside; throws TypeError or RangeError that names the field. */
export function checkedAlert(given: unknown): Alert {
  if (given === null || typeof given !== "object")
    throw new TypeError("an alert must be an object");
  const { id, symbol, price, note = "", when = "once", firedAt = null } = given as Partial<Alert>;
  if (typeof id !== "string" || id === "") throw new TypeError("id of an alert must be text");
  if (typeof symbol !== "string" || symbol === "") {
    throw new TypeError("symbol of an alert must be text");
  }
  if (typeof price !== "number" || !Number.isFinite(price)) {
    throw new RangeError(`price of an alert must be a finite number, not ${price}`);
  }
  if (typeof note !== "string" || note.length > MAX_NOTE) {
    throw new RangeError(`note of an alert must be text of at most ${MAX_NOTE} characters`);
  }
  if (when !== "once" && when !== "every") {
    throw new RangeError(`when of an alert must be "once" or "every", not "${when}"`);
  }
  if (firedAt !== null && !(typeof firedAt === "number" && Number.isFinite(firedAt))) {
    throw new TypeError("firedAt of an alert must be a time in ms or null");
  }
  return { id, symbol, price, note, when, firedAt };
}
