import { keyOf, recall, remember } from "./settings";
import type { Toasts } from "./toasts";

/** A collection that can be read from text. */
interface Book {
  /** Replace all by the content of a text. Throws, and then changes nothing. */
  read(text: string): void;
}

/** Read a book as this browser keeps it, now and whenever another window has changed it. */
export function followKept(name: "alerts" | "drawings", book: Book, toasts: Toasts): void {
  const load = (text: string | null): void => {
    if (text === null) return;
    try {
      book.read(text);
    } catch (problem) {
      // The next change would overwrite them.
      remember(`${name}-unreadable`, text);
      toasts.show(`The kept ${name} cannot be read and were set aside: ${problem}`);
    }
  };
  load(recall(name));
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === keyOf(name)) load(newValue);
  });
}
