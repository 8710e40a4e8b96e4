import { describe, expect, test } from '@jest/globals';

import { interpreterOf } from './script-source.ts';

describe('interpreterOf', () => {
  test.each([
    ['x.py', '', 'python'],
    ['x.PS1', '', 'powershell'],
    ['x.mjs', '#!/bin/sh', 'node'],
    ['x.sh', 'echo', 'bash'],
    ['x.sh', '#!/bin/sh\necho', 'sh'],
    ['x', '#!/usr/bin/env bash\n', 'bash'],
    ['x', '#!/usr/bin/env -S node --no-warnings\n', 'node'],
    ['x', '#!/usr/bin/env -S A=1 python3.12 -u\n', 'python'],
    ['x', '#! /usr/bin/python2', 'python'],
    ['', 'echo hi', 'bash'],
  ])('%s with %j is run by %s', (file, body, expected) => {
    expect(interpreterOf(file, body)).toBe(expected);
  });

  test('an interpreter that no worker knows is refused, not guessed', () => {
    expect(() => interpreterOf('x', '#!/toString')).toThrow(/toString.*expected one of/);
    expect(() => interpreterOf('x', '#!/usr/bin/perl -w\n')).toThrow(/perl.*expected one of/);
  });
});
