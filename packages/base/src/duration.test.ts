import { describe, expect, test } from '@jest/globals';

import { formatDuration, parseDuration } from './duration.ts';

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text, '--timeout')).toBe(ms));

  test.each(['', '10', 'm', '-5s', '5 s', '10m!', '1h 30m', '9999999999d'])(
    '%j is refused, by field and value',
    (text) => {
      expect(() => parseDuration(text, '--timeout')).toThrow(`--timeout: ${JSON.stringify(text)}`);
    },
  );

  test('a long row of digits costs little', () => {
    const began = process.cpuUsage();
    expect(() => parseDuration('1'.repeat(200_000), '--timeout')).toThrow('--timeout');
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });

  test.each([
    [999, '999ms'],
    [61_000, '1m 1s'],
    [5_400_000, '1h 30m'],
    [90_061_000, '1d 1h'],
  ])('%d ms shows as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
