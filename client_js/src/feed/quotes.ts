import type { PublisherQuotes, PublisherQuotesReply } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

export interface PublisherQuotesHandlers {
  /** The present quotes, at first and after each change; null if there is one publisher at most. */
  onQuotes: (quotes: PublisherQuotes | null) => void;
  onRefused?: (reason: string) => void;
}

/** Subscribe to `quotes:<SYMBOL>`. */
export function subscribePublisherQuotes(
  socket: Socket,
  symbol: string,
  { onQuotes, onRefused }: PublisherQuotesHandlers,
): TopicSubscription<PublisherQuotesReply> {
  return new TopicSubscription<PublisherQuotesReply>(socket, `quotes:${symbol}`, {
    onJoin: ({ quotes }) => onQuotes(quotes),
    ...(onRefused && { onRefused }),
    events: { quotes: onQuotes },
  });
}
