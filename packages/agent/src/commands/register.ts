/** `register`: a polling agent gets its identity with a one-time token, which says what it becomes: worker, deployment target, or both. */
import { AppError } from '@longshore/base';

import type { Values } from '../config.ts';
import { register as enrol, type Registered } from '../links/enrolment.ts';
import { IdentityStore } from '../links/identity-store.ts';
import { writeSettings } from '../links/settings-file.ts';

type Registering = Pick<
  Values<'register'>,
  'dataDir' | 'name' | 'server' | 'token' | 'pool' | 'label' | 'slots' | 'ephemeral'
>;

/** @throws AppError */
export async function registerAgent(values: Registering): Promise<Registered> {
  const { dataDir, name, server, token, pool, label, slots, ephemeral } = values;
  const store = new IdentityStore(dataDir);
  const record = store.load()?.record;
  if (record !== undefined) {
    throw new AppError(
      'conflict',
      `this agent is registered already, as "${record.name}" (${record.agentId}): \`longshore-agent deregister\` ends that`,
    );
  }
  if (token === undefined) {
    throw new AppError(
      'invalid',
      'a one-time token is needed: set LONGSHORE_TOKEN, or give a file that holds it by --token-file; `longshore token create` on the other side makes one',
      {
        fields: [{ field: '--token-file', expected: 'a file that holds a token lst_…' }],
      },
    );
  }
  const registered = await enrol(store, {
    token,
    server,
    name,
    pools: [...pool],
    labels: { ...label },
    slots,
    ephemeral,
  });
  writeSettings(dataDir, { version: 1, mode: 'polling', name, listen: '' });
  return registered;
}

export async function register(values: Values<'register'>): Promise<number> {
  const { agentId, name, server, registeredAs, warnings } = await registerAgent(values);
  process.stdout.write(`registered as "${name}" (${agentId}) with the server at ${server}\n`);
  for (const what of registeredAs) process.stdout.write(`it is a ${what}\n`);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  process.stdout.write(`start it:  longshore-agent run --data-dir ${values.dataDir}\n`);
  return 0;
}
