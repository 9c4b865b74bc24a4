import { expect, test } from "vitest";
import { OnDemand } from "../src/app/on-demand";

interface Load {
  resolve: (part: string) => void;
  reject: (error: Error) => void;
}

/** A part whose loads the test ends, in their order. */
function demanded() {
  const loads: Load[] = [];
  const failures: string[] = [];
  const part = new OnDemand(
    () => new Promise<string>((resolve, reject) => loads.push({ resolve, reject })),
    "Nothing can be drawn",
    (reason) => failures.push(reason),
  );
  return { part, loads, failures };
}

test("a part is loaded once, by the first request", async () => {
  const { part, loads } = demanded();
  expect(loads).toHaveLength(0);
  part.use(() => {});
  part.use(() => {});
  loads[0]?.resolve("panel");
  await expect.poll(() => part.now).toBe("panel");
  part.use(() => {});
  expect(loads).toHaveLength(1);
});

test("requests before the part is there are met in their order", async () => {
  const { part, loads } = demanded();
  const met: string[] = [];
  part.use((each) => met.push(`show ${each}`));
  part.use((each) => met.push(`hide ${each}`));
  expect(part.now).toBeNull();
  expect(met).toEqual([]);
  loads[0]?.resolve("panel");
  await expect.poll(() => met).toEqual(["show panel", "hide panel"]);
});

test("a failure is told once, and the next request loads the part again", async () => {
  const { part, loads, failures } = demanded();
  const met: string[] = [];
  part.use((each) => met.push(`dropped ${each}`));
  part.use((each) => met.push(`dropped ${each}`));
  loads[0]?.reject(new TypeError("no network"));
  await expect.poll(() => failures).toEqual(["Nothing can be drawn: TypeError: no network"]);
  part.use((each) => met.push(each));
  loads[1]?.resolve("panel");
  await expect.poll(() => met).toEqual(["panel"]);
  expect(failures).toHaveLength(1);
});
