import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PanelLoop } from "../src/app/loops";
import { FrameLoop, Level } from "../src/chart/invalidate";

let frames: (() => void)[] = [];

beforeEach(() => {
  frames = [];
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (task: () => void) => frames.push(task));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => {
    frames[id - 1] = () => {};
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function runFrames(): void {
  for (const frame of frames.splice(0)) frame();
}

test("all that was asked for between two frames is one task of the largest level", () => {
  const levels: Level[] = [];
  const loop = new FrameLoop((level) => levels.push(level));
  for (let i = 0; i < 1000; i++) loop.request(Level.Data);
  loop.request(Level.Cursor);
  expect(frames).toHaveLength(1);
  runFrames();
  loop.request(Level.Cursor);
  runFrames();
  expect(levels).toEqual([Level.Data, Level.Cursor]);
});

test("a loop that was stopped runs no more", () => {
  const task = vi.fn();
  const loop = new FrameLoop(task);
  loop.request(Level.Layout);
  loop.stop();
  runFrames();
  expect(task).not.toHaveBeenCalled();
});

test("panels in a hidden tab, which gets no frames, pile up nothing", () => {
  const task = vi.fn();
  const loop = new PanelLoop(task);
  for (let i = 0; i < 1000; i++) {
    loop.request();
    vi.advanceTimersByTime(50);
  }
  expect(frames).toHaveLength(1);
  runFrames();
  expect(task).toHaveBeenCalledTimes(1);
});

test("panels are drawn at most eight times a second, and the last request is not lost", () => {
  const task = vi.fn();
  const loop = new PanelLoop(task);
  for (let ms = 0; ms < 1000; ms += 10) {
    loop.request();
    runFrames();
    vi.advanceTimersByTime(10);
  }
  expect(task.mock.calls.length).toBeLessThanOrEqual(9);
  const before = task.mock.calls.length;
  vi.advanceTimersByTime(200);
  runFrames();
  expect(task.mock.calls.length).toBeLessThanOrEqual(before + 1);
  loop.request();
  vi.advanceTimersByTime(200);
  runFrames();
  expect(task.mock.calls.length).toBeGreaterThan(before);
});
