import type { Cli } from '../cli.ts';
import { body } from '../client.ts';
import type { Interruption } from '../shapes.ts';

/** @throws AppError `conflict` when it has been answered, `invalid` for an answer that it does not have */
export async function answerQuestion(
  cli: Cli,
  { interruption, answer, notes }: { interruption: string; answer: string; notes: string },
): Promise<Interruption> {
  const api = await cli.api();
  return body<Interruption>(
    api.POST('/api/v1/spaces/{space}/interruptions/{interruption}/answer', {
      params: { path: { ...cli.space, interruption } },
      body: { answer, ...(notes === '' ? {} : { notes }) },
    }),
  );
}
