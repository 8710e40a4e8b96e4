/** `configure`: a listening agent that is not paired yet; prints its pairing string. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import { AppError, toError } from '@longshore/base';
import { formatAddress, parseAddress } from '@longshore/protocol/address';
import { keyFingerprint } from '@longshore/protocol/identity';
import { encodePairing, PAIRING_SECRET_BYTES } from '@longshore/protocol/pairing';

import type { Values } from '../config.ts';
import { IdentityStore } from '../links/identity-store.ts';
import { writeSettings } from '../links/settings-file.ts';

/** @throws AppError `conflict` when it has an identity, `invalid` */
export async function configure({
  dataDir,
  name,
  listen,
  address,
  reset,
}: Values<'configure'>): Promise<number> {
  const store = new IdentityStore(dataDir);
  if (reset) store.clear();
  const record = readable(store)?.record;
  if (record !== undefined) {
    throw new AppError(
      'conflict',
      `this agent has an identity already, "${record.name}" (${record.agentId}): --reset forgets it`,
    );
  }
  const anyAddress = ['0.0.0.0', '::', ''].includes(listen.host);
  const reached =
    address === ''
      ? { host: anyAddress ? hostname() : listen.host, port: listen.port }
      : parseAddress(address, '--address', listen.port);
  const pairing = {
    address: formatAddress(reached),
    keyFingerprint: keyFingerprint(store.key()),
    secret: randomBytes(PAIRING_SECRET_BYTES),
  };
  store.savePairing({ version: 1, address: pairing.address, secret: pairing.secret.toString('hex') });
  writeSettings(dataDir, { version: 1, mode: 'listening', name, listen: formatAddress(listen) });
  process.stdout.write(`${encodePairing(pairing)}\n`);
  process.stderr.write(
    `This pairing string works once. Start the agent, then add it on the server's side:\n` +
      `  longshore-agent run --data-dir ${dataDir}\n` +
      `  longshore worker add --listening PAIRING --name ${name} --pool POOL\n`,
  );
  return 0;
}

function readable(store: IdentityStore): ReturnType<IdentityStore['load']> {
  try {
    return store.load();
  } catch (thrown) {
    throw new AppError('conflict', `${toError(thrown).message}: --reset forgets it`, { cause: thrown });
  }
}
