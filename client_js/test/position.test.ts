import fc from "fast-check";
import { expect, test } from "vitest";
import { ShownPosition } from "../src/app/position";
import type { Tick } from "../src/feed/payloads";

const tick = (number: number) => ({ id: `e-${number.toString(36)}` }) as Tick;

test("the position waits for what the shown symbol's own topic has yet to bring", () => {
  const position = new ShownPosition();
  expect(position.id).toBeNull();
  position.heard(tick(1), false);
  expect(position.id).toBe("e-1");
  position.heard(tick(2), true);
  position.heard(tick(3), false);
  expect(position.id).toBe("e-1");
  position.heardOwn(tick(2));
  expect(position.id).toBe("e-3");
});

test("whichever topic is ahead, no price is newer or older than the position says", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      (isShown, order) => {
        const position = new ShownPosition();
        const own = isShown.flatMap((each, at) => (each ? [at + 1] : []));
        let [common, apart] = [0, 0];
        for (const isCommon of order) {
          if (isCommon && common < isShown.length) {
            common++;
            position.heard(tick(common), isShown[common - 1]);
          } else if (apart < own.length) position.heardOwn(tick(own[apart++]));
          const missing = own.slice(apart).find((each) => each <= common);
          const whole = missing === undefined ? common : Number.NaN;
          const shown = position.id === null ? 0 : Number.parseInt(position.id.slice(2), 36);
          if (!Number.isNaN(whole)) expect(shown).toBe(whole);
          else expect(shown).toBeLessThan(missing as number);
        }
      },
    ),
  );
});
