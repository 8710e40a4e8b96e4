import { expect, test } from '@jest/globals';

import { ManualClock, silentLogger, type Logger } from '@longshore/base';

import { TURNED_AWAY_LOG_MS } from './link-limits.ts';
import { TurnedAway } from './turned-away.ts';

function gathering(): { clock: ManualClock; away: TurnedAway; lines: [string, unknown][] } {
  const lines: [string, unknown][] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message: string, detail?: object) => void lines.push([message, detail]),
  };
  const clock = new ManualClock();
  return { clock, away: new TurnedAway({ message: 'turned away', clock, logger }), lines };
}

test('the first is told at once, thousands that follow in one line, and none is lost at the end', () => {
  const { clock, away, lines } = gathering();
  for (let i = 0; i < 5000; i += 1) away.add(i % 2 === 0 ? 'even' : 'odd', `10.0.0.${i % 7}`);
  expect(lines).toEqual([['turned away', { reason: 'even', address: '10.0.0.0' }]]);
  clock.advance(TURNED_AWAY_LOG_MS);
  expect(lines[1]?.[1]).toMatchObject({ more: { even: 2499, odd: 2500 } });
  away.add('odd', '10.0.0.9');
  away.close();
  away.close();
  expect(lines).toHaveLength(3);
  expect(lines[2]?.[1]).toMatchObject({ more: { odd: 1 }, lastAddress: '10.0.0.9' });
});

test('after a quiet time the next one is told at once again', () => {
  const { clock, away, lines } = gathering();
  away.add('one', 'a');
  clock.advance(TURNED_AWAY_LOG_MS);
  away.add('two', 'b');
  expect(lines).toHaveLength(2);
});
