/** An agent is heard on its own attempts only. */
import { AppError } from '@longshore/base';

import type { Attempt } from '../../domain/attempt.ts';

/** @throws AppError `forbidden` */
export function requireOwn(agentId: string, { id, workerId }: Attempt): void {
  if (workerId === agentId) return;
  throw new AppError('forbidden', `agent ${agentId} speaks of attempt ${id}, which is another worker's`);
}
