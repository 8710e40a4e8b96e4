import { expect, test } from '@jest/globals';

import { compareVersions, lastVersionVariables } from './version.ts';

test('older to newer', () => {
  const ordered = [
    ...['no version', '0.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta.2'],
    ...['1.0.0-beta.11', '1.0.0', '1.0.0.1', '1.2', '1.10', 'v2.0.0', '2.0.1+build.5'],
  ];
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries()) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j));
});

test('what the next version is made of', () => {
  expect(lastVersionVariables('1.4.9')).toMatchObject({
    'Octopus.Version.LastMajor': '1',
    'Octopus.Version.NextMinor': '5',
    'Octopus.Version.NextPatch': '10',
  });
  expect(lastVersionVariables(undefined)).toMatchObject({
    'Octopus.Version.LastMajor': '0',
    'Octopus.Version.NextPatch': '1',
  });
});
