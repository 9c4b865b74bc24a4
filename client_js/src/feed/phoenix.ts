/**
 * The parts of phoenix.js that topics use, as types of our own: the package comes without any, and
 * an application need not have them to check its own.
 */

export interface Push {
  // biome-ignore lint/suspicious/noExplicitAny: each reply has a type of its own
  receive(status: string, callback: (reply: any) => void): Push;
}

export interface Channel {
  // biome-ignore lint/suspicious/noExplicitAny: each event has a payload type of its own
  on(event: string, callback: (payload: any) => void): number;
  onError(callback: () => void): unknown;
  join(): Push;
  push(event: string, payload: object): Push;
  leave(): Push;
}

export interface Socket {
  channel(topic: string, params?: object | (() => object)): Channel;
}
