/** `show`: who this agent is, and how it stands. */
import type { Values } from '../config.ts';
import { IdentityStore } from '../links/identity-store.ts';
import { readRefusals } from '../links/refusals-file.ts';
import { readSettings } from '../links/settings-file.ts';

export async function show({ dataDir, output }: Values<'show'>): Promise<number> {
  const store = new IdentityStore(dataDir);
  const identity = store.load();
  const settings = readSettings(dataDir);
  const { counts, lastAt } = readRefusals(dataDir);
  const shown = {
    dataDir,
    mode: identity?.record.mode ?? settings?.mode ?? null,
    name: identity?.record.name ?? settings?.name ?? null,
    state:
      identity === undefined
        ? store.pairing() === undefined
          ? 'not registered'
          : 'waits to be paired'
        : 'registered',
    agentId: identity?.record.agentId ?? null,
    server: identity?.record.server ?? null,
    listen: settings?.listen ?? null,
    authority: identity?.record.authorityFingerprint ?? null,
    certificateExpires: identity === undefined ? null : new Date(identity.expiresAt).toISOString(),
    ephemeral: identity?.record.ephemeral ?? false,
    turnedAway: counts,
    lastTurnedAway: lastAt === 0 ? null : new Date(lastAt).toISOString(),
  };
  if (output === 'json') {
    process.stdout.write(JSON.stringify(shown, null, 2) + '\n');
    return 0;
  }
  for (const [key, value] of Object.entries(shown)) {
    const text = typeof value === 'object' && value !== null ? countsText(value) : String(value ?? '');
    if (text !== '') process.stdout.write(`${key.padEnd(20)} ${text}\n`);
  }
  return 0;
}

/** `handshakeFailed 12, notAdmitted 3` */
function countsText(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}
