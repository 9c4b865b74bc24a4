import type { Channel, Socket } from "./phoenix";

/** The join params and handlers of one topic. */
export interface TopicHandlers<Reply> {
  /** Join params, evaluated at every join. */
  params?: () => object;
  /** Called after each successful join, rejoins included. */
  onJoin?: (reply: Reply) => void;
  /** Called if the server refuses the join; phoenix.js retries by itself. */
  onRefused?: (reason: string) => void;
  /** Called if the channel is lost, with its connection or alone; phoenix.js rejoins by itself. */
  onLost?: () => void;
  // biome-ignore lint/suspicious/noExplicitAny: each event has a payload type of its own
  events: Record<string, (payload: any) => void>;
}

/** One joined topic. */
export class TopicSubscription<Reply> {
  joined = false;
  private left = false;
  /** Pushes that wait for a reply: phoenix.js leaves those that were lost to their timeout. */
  private readonly waiting = new Set<(why: string) => void>();
  private readonly channel: Channel;

  constructor(
    socket: Socket,
    readonly topic: string,
    handlers: TopicHandlers<Reply>,
  ) {
    this.channel = socket.channel(topic, handlers.params ?? (() => ({})));
    for (const [event, handle] of Object.entries(handlers.events)) {
      // No event precedes the join reply: one that seems to belongs to an earlier subscription of
      // the same topic that is still leaving, since broadcasts carry no join_ref.
      this.channel.on(event, (payload) => {
        if (this.joined && !this.left) handle(payload);
      });
    }
    this.channel.onError(() => {
      this.joined = false;
      this.abandon("the connection was lost");
      if (!this.left) handlers.onLost?.();
    });
    this.channel
      .join()
      .receive("ok", (reply: Reply) => {
        if (this.left) return;
        this.joined = true;
        handlers.onJoin?.(reply);
      })
      .receive("error", (refusal: { reason?: string }) => {
        if (!this.left) handlers.onRefused?.(refusal?.reason ?? "join refused");
      });
  }

  /**
   * Push an event; until the topic is joined, it waits. Resolves with the reply. Rejects if that is
   * an error or late, if the connection is lost, and if the topic is left.
   */
  push<Answer>(event: string, payload: object): Promise<Answer> {
    if (this.left) return Promise.reject(new Error(`${event}: the topic was left`));
    return new Promise<Answer>((resolve, reject) => {
      const fail = (why: string) => {
        this.waiting.delete(fail);
        reject(new Error(`${event}: ${why}`));
      };
      this.waiting.add(fail);
      this.channel
        .push(event, payload)
        .receive("ok", (reply: Answer) => {
          this.waiting.delete(fail);
          resolve(reply);
        })
        .receive("error", ({ reason }: { reason?: string }) => fail(reason ?? "refused"))
        .receive("timeout", () => fail("no answer"));
    });
  }

  private abandon(why: string): void {
    for (const fail of this.waiting) fail(why);
  }

  /** Leave the topic; no handler is called after this. */
  leave(): void {
    this.left = true;
    this.joined = false;
    this.abandon("the topic was left");
    this.channel.leave();
  }
}
