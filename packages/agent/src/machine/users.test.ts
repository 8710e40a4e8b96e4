import { expect, test } from '@jest/globals';

import { groupsIn, parsePasswd } from './users.ts';

test('a user of passwd', () => {
  expect(parsePasswd('bob:x:1001:100:Bob:/home/bob:/bin/sh', 'bob')).toEqual({
    name: 'bob',
    uid: 1001,
    gid: 100,
    home: '/home/bob',
  });
});

test.each(['bob', 'bob:x', 'bob:x::100::/home/bob:', 'bob:x:1001:::/:', 'bob:x: :0::/:', 'bob:x:-1:0::/:'])(
  'an entry without its numbers is nobody, and not root: %j',
  (line) => expect(() => parsePasswd(line, 'bob')).toThrow('no numbers'),
);

test('a group without a number is none, and not root’s', () => {
  expect(groupsIn(['a:x:7:bob', 'b:x::bob', 'c:x:8:bobby', '', 'd:x:9:x,bob'], 'bob')).toEqual([7, 9]);
});
