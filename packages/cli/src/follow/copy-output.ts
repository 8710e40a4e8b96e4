/** The stored output of an attempt, raw, as fast as its reader takes it. */
import type { Writable } from 'node:stream';

import { content, type Api } from '../client.ts';
import { write } from '../write.ts';

export interface WhatOutput {
  space: string;
  attempt: string;
  stream: 'stdout' | 'stderr' | 'all';
}

export async function copyOutput(
  api: Api,
  { space, attempt, stream }: WhatOutput,
  to: Writable,
): Promise<void> {
  const bytes = await content(
    api.GET('/api/v1/spaces/{space}/attempts/{attempt}/output', {
      params: { path: { space, attempt }, query: { stream } },
      parseAs: 'stream',
    }),
  );
  for await (const part of bytes) await write(to, part);
}
