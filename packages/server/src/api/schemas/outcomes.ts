import { z } from 'zod';

/** How a script ended, as data (`domain/outcome.ts`). */
export const outcome = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('exited'), code: z.number().int() }),
    z.object({ kind: z.literal('signalled'), name: z.string() }),
    z.object({ kind: z.literal('cancelled') }),
    z.object({ kind: z.literal('timedOut') }),
    z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
    z.object({ kind: z.literal('interrupted'), detail: z.string() }),
    z.object({ kind: z.literal('lost'), detail: z.string() }),
  ])
  .meta({ id: 'Outcome' });
