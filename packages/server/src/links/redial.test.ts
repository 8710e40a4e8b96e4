import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '@longshore/base';
import { Goodbye_Reason } from '@longshore/protocol/gen/longshore/link/v1/link';
import type { SessionEnd } from '@longshore/protocol/session';

import {
  DIAL_GOOD_SESSION_MS,
  DIAL_LONGEST_BACKOFF_MS,
  DIAL_RESTART_MS,
  DIAL_RETURN_BACKOFF_MS,
  DIALS_PER_SECOND,
} from '../limits.ts';
import { Redial } from './redial.ts';

const FIRST_MS = 250;
const refused: SessionEnd = { kind: 'lost', detail: 'connect ECONNREFUSED' };
const goodbye = (from: 'us' | 'peer', reason: Goodbye_Reason = Goodbye_Reason.SHUTDOWN): SessionEnd => ({
  kind: 'goodbye',
  from,
  reason,
  detail: '',
});

describe('a listening agent is dialled again', () => {
  const start = () => {
    const clock = new ManualClock();
    // Without jitter: the whole window.
    const redial = new Redial(clock, () => 0);
    /** The waits of tries that fail at once, one after another. */
    const waits = (count: number, away = 1): number[] =>
      Array.from({ length: count }, () => {
        const wait = redial.after(refused, 0, away);
        clock.advance(wait);
        return wait;
      });
    return { clock, redial, waits };
  };

  test('later and later while it is away, but often enough to be back within 5 s of its restart', () => {
    const { waits } = start();
    expect(waits(7)).toEqual([250, 500, 1000, 1500, 1500, 1500, 1500]);
    expect(DIAL_RETURN_BACKOFF_MS).toBeLessThan(2_000);
  });

  test('where very many are away, later still: all together make so many tries a second and no more', () => {
    expect(start().waits(7, 600)).toEqual([250, 500, 1000, 2000, 4000, 6000, 6000]);
    expect(600 / 6).toBe(DIALS_PER_SECOND);
    expect(start().waits(10, 100_000)).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect(DIAL_LONGEST_BACKOFF_MS).toBe(30_000);
  });

  test('at the first pace for a while when it said goodbye, however short its session was, then later and later', () => {
    const { redial, waits, clock } = start();
    waits(6);
    const wait = redial.after(goodbye('peer'), 1, 1);
    expect(wait).toBe(FIRST_MS);
    clock.advance(wait);
    const tries = DIAL_RESTART_MS / FIRST_MS - 1;
    expect(waits(tries)).toEqual(Array(tries).fill(FIRST_MS));
    expect(waits(3)).toEqual([500, 1000, 1500]);
  });

  test.each([
    ['our own goodbye', goodbye('us')],
    ['a goodbye that is no restart', goodbye('peer', Goodbye_Reason.PROTOCOL)],
    ['a session that broke', refused],
  ])('%s does not make it faster', (_, end) => {
    const { redial, waits } = start();
    waits(3);
    expect(redial.after(end, 1, 1)).toBe(DIAL_RETURN_BACKOFF_MS);
  });

  test('from the first wait on after a session that lasted', () => {
    const { redial, waits } = start();
    waits(6);
    expect(redial.after(refused, DIAL_GOOD_SESSION_MS + 1, 1)).toBe(FIRST_MS);
  });
});
