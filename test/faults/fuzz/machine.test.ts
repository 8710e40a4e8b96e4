/** What a machine tells: /proc, passwd and group, control groups, what tools say of themselves. */
import { expect } from '@jest/globals';

import { ownCgroups } from '../../../packages/agent/src/machine/cgroups.ts';
import { parseStat } from '../../../packages/agent/src/machine/processes.ts';
import { versionIn } from '../../../packages/agent/src/machine/tools.ts';
import { groupsIn, parsePasswd } from '../../../packages/agent/src/machine/users.ts';
import { parseCommandLine, parseEnvironment } from '../../../packages/agent/src/upgrade/link-start.ts';
import { corpusFile, fuzzEach, texts } from './target.ts';

const [cgroup, group, mountinfo, passwd, stat] = ['cgroup', 'group', 'mountinfo', 'passwd', 'stat'].map(
  (file) => corpusFile(`proc/${file}`).toString(),
) as [string, string, string, string, string];

fuzzEach([
  {
    name: 'processes',
    corpus: texts(stat),
    read(input) {
      const facts = parseStat(42, input.toString('latin1'));
      if (facts === null) return 'none';
      const { parent, group: its, session, startTime } = facts;
      expect([parent, its, session, startTime].every((n) => Number.isFinite(n))).toBe(true);
      return 'one';
    },
  },
  {
    name: 'control groups',
    corpus: texts(`${mountinfo}\x1f${cgroup}`, `${mountinfo}\x1f0::/../x\n`),
    words: ['\x1f', ' - ', ' ', 'cgroup2', 'pids', '0::/', '/..', '/a'],
    read(input) {
      const [mounts = '', own = ''] = input.toString().split('\x1f');
      for (const found of Object.values(ownCgroups(mounts, own)) as (string | null)[])
        if (found !== null) expect(found.split('/')).not.toContain('..');
    },
  },
  {
    name: 'users',
    corpus: texts(passwd, 'bob:x::::', 'bob'),
    words: [':', '::', '0', ' '],
    read(input) {
      const { uid, gid, home } = parsePasswd(input.toString(), 'bob');
      expect(Number.isSafeInteger(uid) && Number.isSafeInteger(gid)).toBe(true);
      // Root is who says so.
      if (uid === 0) expect(input.toString()).toMatch(/^[^:]*:[^:]*:0+:/s);
      expect(home).not.toBe('');
    },
  },
  {
    name: 'groups',
    corpus: texts(group),
    words: [':', ',', 'bob', '\n'],
    read: (input) => {
      const lines = input.toString().split('\n');
      for (const gid of groupsIn(lines, 'bob'))
        expect(lines.some((line) => line.includes(`:${gid}:`) || gid === 0 || /:0\d/.test(line))).toBe(true);
    },
  },
  {
    name: 'command lines of processes',
    corpus: texts('node\0--a\0/opt/agent.js\0run\0', 'node\0'),
    read(input) {
      const text = input.toString();
      const { node, file, args } = parseCommandLine(text);
      // Nothing is left out, but for an end that is not whole.
      expect(text.startsWith([...node, file, ...args].map((word) => `${word}\0`).join(''))).toBe(true);
      expect(file.startsWith('-')).toBe(false);
    },
  },
  {
    name: 'environments of processes',
    corpus: texts('A=1\0B=x=y\0', 'none\0'),
    read(input) {
      const text = `\0${input.toString()}\0`;
      for (const [name, value] of Object.entries(parseEnvironment(input.toString())))
        expect(text).toContain(`\0${name}=${value ?? ''}\0`);
    },
  },
  {
    name: 'versions of tools',
    corpus: texts('GNU bash, version 5.2.15(1)-release', 'v24.1.0-rc.1', ''),
    words: ['1.2', '.', '-', 'v'],
    read(input) {
      const version = versionIn(input.toString());
      if (version === '') return 'none';
      expect(version).toMatch(/^\d+(\.\d+)*/);
      expect(input.toString()).toContain(version);
      return 'one';
    },
  },
]);
