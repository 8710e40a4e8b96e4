/** A process of its own that rotates a master key, and is killed where it is told to be. */
import { resolveOptions } from '@longshore/base/options';
import { OPTIONS } from '@longshore/server/config';
import { rotateMasterKey } from '@longshore/server/master-key';

const [point, deadAfterMs, ...argv] = process.argv.slice(2);
const { values } = await resolveOptions(OPTIONS, {
  ...{ program: 'longshore-server', envPrefix: 'LONGSHORE_', argv, env: process.env },
});
await rotateMasterKey(values, {
  say: (text) => process.stdout.write(text),
  deadAfterMs: Number(deadAfterMs),
  at: (reached) => {
    if (reached === point) process.kill(process.pid, 'SIGKILL');
  },
}).catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
