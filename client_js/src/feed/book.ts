import type { Book, BookReply } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

export interface BookHandlers {
  /** The present order book, at first and after each change; null if the feed has none. */
  onBook: (book: Book | null) => void;
  onRefused?: (reason: string) => void;
}

/** Subscribe to `book:<SYMBOL>`. */
export function subscribeBook(
  socket: Socket,
  symbol: string,
  { onBook, onRefused }: BookHandlers,
): TopicSubscription<BookReply> {
  return new TopicSubscription<BookReply>(socket, `book:${symbol}`, {
    onJoin: ({ book }) => onBook(book),
    ...(onRefused && { onRefused }),
    events: { book: onBook },
  });
}
