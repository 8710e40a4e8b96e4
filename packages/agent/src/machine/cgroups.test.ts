import { describe, expect, test } from '@jest/globals';

import { ownCgroups } from './cgroups.ts';

describe('our own cgroups', () => {
  test('hybrid: v2 beside v1', () => {
    const mountinfo = [
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
      '39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids',
      '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    ].join('\n');
    expect(ownCgroups(mountinfo, '9:name=systemd:/\n8:pids:/a\n0::/b\n')).toEqual({
      unified: '/sys/fs/cgroup/unified/b',
      pids: '/sys/fs/cgroup/pids/a',
    });
  });

  test('systemd: v2 only', () => {
    expect(
      ownCgroups(
        '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
        '0::/system.slice/longshore-host.service\n',
      ),
    ).toEqual({ unified: '/sys/fs/cgroup/system.slice/longshore-host.service', pids: null });
  });

  test('a container that sees a part of the tree', () => {
    expect(
      ownCgroups('29 23 0:26 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw', '0::/docker/x/y\n'),
    ).toEqual({
      unified: '/sys/fs/cgroup/y',
      pids: null,
    });
  });

  test('one outside of our namespace is out of reach', () => {
    const mountinfo = '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
    expect(ownCgroups(mountinfo, '0::/../other\n')).toEqual({ unified: null, pids: null });
    const relative = '29 23 0:26 / ../fs/cgroup rw - cgroup2 cgroup2 rw';
    expect(ownCgroups(relative, '0::/a\n')).toEqual({ unified: null, pids: null });
  });

  test('none', () => {
    expect(ownCgroups('', '')).toEqual({ unified: null, pids: null });
  });
});
