/** Questions of a run to people: opened and ended within its turns. */
import type { Interruption } from '../../domain/deployment/interruption.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import type { CourseRun } from './activities.ts';

export async function openInterruption(
  kernel: Kernel,
  turn: Turn,
  {
    run,
    ...of
  }: { run: CourseRun } & Pick<
    Interruption,
    'activity' | 'kind' | 'title' | 'instructions' | 'responsible' | 'options'
  >,
): Promise<Interruption> {
  const { ids, clock } = kernel.options;
  const interruption: Interruption = {
    spaceId: run.task.spaceId,
    id: ids(),
    taskId: run.task.id,
    ...of,
    answer: '',
    notes: '',
    answeredBy: '',
    createdAt: clock.now(),
    endedAt: null,
  };
  await turn.tx.processRuns.insertInterruption(interruption);
  const who = of.responsible === '' ? 'somebody' : of.responsible;
  await note(kernel, turn, {
    task: run.task,
    level: 'wait',
    text: `Waits for ${who} to answer: ${of.title} (${of.options.join(', ')}); "longshore intervention answer ${interruption.id}"`,
    activity: of.activity,
  });
  turn.after(() => kernel.watching.tell(run.task.id, { kind: 'interruption', interruption }));
  return interruption;
}

/** The run no longer waits for it. */
export async function withdraw(
  kernel: Kernel,
  turn: Turn,
  { run, id }: { run: CourseRun; id: string },
): Promise<void> {
  const found = await turn.tx.processRuns.interruption(run.task.spaceId, id);
  if (found === undefined || found.endedAt !== null) return;
  const ended: Interruption = { ...found, endedAt: kernel.options.clock.now() };
  await turn.tx.processRuns.endInterruption(ended);
  turn.after(() => kernel.watching.tell(run.task.id, { kind: 'interruption', interruption: ended }));
}
