/**
 * Secrets on their way into the store: sealed, or kept as they are stored.
 *
 * A value that is the stored one keeps its sealed text, so that applying the
 * same twice changes nothing, although each sealing of it looks different.
 */
import { isCode } from '@longshore/base';

import type { Resource, ResourceKind } from '../../domain/model/resource.ts';
import { mapSecrets, sealContext, secretsOf, type SecretPlace } from '../../domain/model/secrets.ts';
import type { Sealer } from '../ports/sealer.ts';
import { KEPT, placed, type Draft, type PlacedProblem } from './model-draft.ts';

interface Change {
  draft: Draft<ResourceKind>;
  before: Resource | undefined;
  after: Resource;
}

/** @returns the body with each secret sealed */
export function sealedSecrets(
  { draft, before, after }: Change,
  { sealer, problems }: { sealer: Sealer; problems: PlacedProblem[] },
): Resource['body'] {
  const stored = before === undefined ? [] : secretsOf(before.kind, before.body);
  const written = secretsOf(after.kind, after.body);
  return mapSecrets(after.kind, after.body, (secret) => {
    const same = counterpart(secret, { stored, written });
    if (secret.value === KEPT) {
      if (same !== undefined) return same.value;
      if (!secret.optional)
        problems.push(
          placed(draft, { path: secret.path, expected: 'a value: none is stored yet that could be kept' }),
        );
      return '';
    }
    if (secret.value === '') return '';
    const context = sealContext(after.id, secret.place);
    if (same !== undefined && opened(sealer, same.value, context) === secret.value) return same.value;
    return sealer.seal(secret.value, context);
  });
}

/** The stored secret of the same place and scope; of a place that has one only, whatever its scope was. */
function counterpart(
  { place, scope }: SecretPlace,
  { stored, written }: { stored: readonly SecretPlace[]; written: readonly SecretPlace[] },
): SecretPlace | undefined {
  const there = stored.filter((secret) => secret.place === place);
  const same = there.find((secret) => secret.scope === scope);
  if (same !== undefined) return same;
  return there.length === 1 && written.filter((secret) => secret.place === place).length === 1
    ? there[0]
    : undefined;
}

/** Undefined: it does not open any more, and a new one repairs that. */
function opened(sealer: Sealer, sealed: string, context: string): string | undefined {
  if (sealed === '') return '';
  try {
    return sealer.open(sealed, context);
  } catch (thrown) {
    if (isCode(thrown, 'corrupt')) return undefined;
    throw thrown;
  }
}
