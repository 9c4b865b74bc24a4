import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export interface Frame {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

type Answer = (frame: Frame) => object | null;

/** A Phoenix V2 peer on a real port, whose replies the test writes. */
export class Peer {
  /** Frames that clients sent, heartbeats apart. */
  readonly frames: Frame[] = [];
  private sockets = new Set<WebSocket>();
  private waiting: (() => void)[] = [];
  private server: WebSocketServer;

  private constructor(
    server: WebSocketServer,
    private readonly answer: Answer,
  ) {
    this.server = server;
    server.on("connection", (socket) => this.accept(socket));
  }

  /** Listen on `port`; `answer` gives the payload of the reply to each frame, null for none. */
  static async listen(answer: Answer, port = 0): Promise<Peer> {
    const server = new WebSocketServer({ port, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    return new Peer(server, answer);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/socket`;
  }

  broadcast(topic: string, event: string, payload: object): void {
    for (const socket of this.sockets) {
      socket.send(JSON.stringify([null, null, topic, event, payload]));
    }
  }

  /** Broadcast a binary payload. */
  broadcastBytes(topic: string, event: string, payload: ArrayBuffer): void {
    const names = [topic, event].map((text) => new TextEncoder().encode(text));
    const head = Uint8Array.from([2, names[0].length, names[1].length]);
    const parts = [head, ...names, new Uint8Array(payload)];
    for (const socket of this.sockets) socket.send(Buffer.concat(parts));
  }

  /** Cut every connection as a killed server does. */
  drop(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  /** Wait for the `count`-th frame of `event` on `topic`. */
  async received(topic: string, event: string, count = 1): Promise<Frame> {
    for (;;) {
      const found = this.frames.filter((each) => each.topic === topic && each.event === event);
      if (found.length >= count) return found[count - 1];
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: WebSocket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("message", (data) => this.take(socket, JSON.parse(String(data))));
  }

  private take(
    socket: WebSocket,
    [joinRef, ref, topic, event, payload]: [string, string, string, string, Frame["payload"]],
  ): void {
    const frame = { joinRef, ref, topic, event, payload };
    if (event !== "heartbeat") this.frames.push(frame);
    const reply = topic === "phoenix" ? { status: "ok", response: {} } : this.answer(frame);
    if (reply !== null) socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", reply]));
    for (const wake of this.waiting.splice(0)) wake();
  }
}

export const ok = (response: object): object => ({ status: "ok", response });
export const refuse = (reason: string): object => ({ status: "error", response: { reason } });
