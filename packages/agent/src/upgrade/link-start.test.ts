import { expect, test } from '@jest/globals';

import { parseCommandLine, parseEnvironment } from './link-start.ts';

test('node, its flags, the program and its arguments', () => {
  expect(parseCommandLine('node\0--a\0/opt/agent.js\0run\0--data-dir\0\0')).toEqual({
    node: ['node', '--a'],
    file: '/opt/agent.js',
    args: ['run', '--data-dir', ''],
  });
});

test.each(['', '\0', 'node\0', 'node\0--a\0-b\0', 'node\0unended'])(
  'a process without a program is refused, and not started anew: %j',
  (text) => expect(() => parseCommandLine(text)).toThrow('was not started from a program'),
);

test('an environment', () => {
  expect(parseEnvironment('A=1\0B=x=y\0C=\0none\0__proto__=1\0')).toEqual(
    Object.fromEntries([
      ['A', '1'],
      ['B', 'x=y'],
      ['C', ''],
      ['__proto__', '1'],
    ]),
  );
});
